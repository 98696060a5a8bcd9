"""What all sections of the configuration share: immutability, and errors that teach."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model


class ConfigError(ValueError):
    """The configuration is wrong; the message names each key, what is wrong and what to do."""


class Section(BaseModel):
    """A part of the configuration: immutable, and unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


def seconds(low: float, high: float, default: Any = ...) -> Any:
    """A field of positive seconds; what is not within ``low`` to ``high`` must be in `unusual`."""
    return Field(default, gt=0, json_schema_extra={"plausible": [low, high]})


def implausible(section: Section, key: str = "") -> dict[str, str]:
    """The settings below ``section`` outside the range that is plausible, and what is.

    ``key`` is what leads to the section, as in "network.".
    """
    found: dict[str, str] = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name, None)
        if isinstance(value, Section):
            found |= implausible(value, f"{key}{name}.")
        extra = field.json_schema_extra
        if value is not None and isinstance(extra, dict) and "plausible" in extra:
            low, high = cast(list[float], extra["plausible"])
            if not low <= value <= high:
                hint = ": milliseconds?" if value > high else ""
                found[key + name] = f"{value:g} s is not within {low:g} to {high:g} s{hint}"
    return found


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"an entry is listed twice: {value}")
    return values


Distinct = AfterValidator(_distinct)
"""For lists whose entries must differ."""

S = TypeVar("S", bound=Section)


def validate(model: type[S], settings: Mapping[str, Any], where: str = "config") -> S:
    """Build ``model`` from plain settings, as read from YAML; ``where`` names their source.

    Raises
    ------
    ConfigError
        One line per mistake, each naming the key; for an unknown key also the nearest known one.
    """
    try:
        # JSON rules: lists become tuples, but a string never becomes a number.
        return model.model_validate_json(json.dumps(_plain(settings)))
    except ValidationError as error:
        lines = [_explain(model, problem) for problem in _causes(error)]
        raise ConfigError(f"{where}: " + "\n".join(lines)) from None


def part(model: type[S], settings: Mapping[str, Any]) -> S:
    """Those fields of ``model`` that ``settings`` hold, as a rule of the workflow is given them.

    Any other field is no attribute of the result: a script cannot use a setting whose change would
    not make its rule run again. Raises as :func:`validate`.
    """
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in model.model_fields.items()
        if name in settings
    }
    fewer = create_model(model.__name__, __base__=Section, **fields)
    return cast(S, validate(fewer, settings))


def _plain(value: Any) -> Any:
    """``value`` with text in place of what JSON does not know: YAML's dates, bytes and odd keys."""
    if isinstance(value, Mapping):
        return {str(key): _plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(below) for below in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _causes(error: ValidationError) -> list[Any]:
    """The problems, without lists that are too short only because an entry of theirs is wrong."""
    problems = error.errors()
    wrong = {p["loc"][:n] for p in problems for n in range(len(p["loc"]))}
    return [p for p in problems if p["type"] != "too_short" or p["loc"] not in wrong]


def _explain(model: type[Section], problem: Any) -> str:
    # Pydantic also names its own validators, which are no keys.
    parts = [str(part) for part in problem["loc"] if not str(part).startswith("function-")]
    key = ".".join(parts)
    if problem["type"] == "extra_forbidden":
        known = _keys_beside(model, problem["loc"])
        near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}"
        return f"'{key}' is not a known key; {hint}"
    if problem["type"] == "missing":
        return f"'{key}' is missing"
    if problem["type"] == "value_error":
        message = str(problem["ctx"]["error"])  # of one of our validators, which names the value
        return f"'{key}': {message}" if key else message
    given = problem["input"]
    hint = ""
    if isinstance(given, str) and re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", given):
        hint = f"; YAML takes {given} for text: write a number such as 1.0e-3, with a point"
    return f"'{key}' = {given!r}: {problem['msg']}{hint}"


def _keys_beside(model: type[Section], location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where the last part of ``location`` stands."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        if field is None:  # an index into a list, or the tag of a union: stay on its model
            continue
        model = next(_sections(field.annotation), model)
    return list(model.model_fields)


def _sections(annotation: Any) -> Iterator[type[Section]]:
    """The sections that a field of this type may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part_of_it in get_args(annotation):
        yield from _sections(part_of_it)
