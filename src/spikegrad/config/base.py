"""What all sections of the configuration share: immutability, and errors that teach."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError


class ConfigError(ValueError):
    """The configuration is wrong; the message names each key, what is wrong and what to do."""


class Section(BaseModel):
    """A part of the configuration: immutable, and unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


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
        return model.model_validate_json(_to_json(settings))
    except ValidationError as error:
        lines = [_explain(model, problem) for problem in error.errors()]
        raise ConfigError(f"{where}: " + "\n".join(lines)) from None


def _to_json(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings)


def _explain(model: type[Section], problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "(top level)"
    if problem["type"] == "extra_forbidden":
        known = _keys_beside(model, problem["loc"])
        near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}"
        return f"'{key}' is not a known key; {hint}"
    if problem["type"] == "missing":
        return f"'{key}' is missing"
    return f"'{key}' = {problem['input']!r}: {problem['msg']}"


def _keys_beside(model: type[Section], location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where the last part of ``location`` stands."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        if field is None:  # an index into a list, or the tag of a union: stay on its model
            continue
        inner = [field.annotation, *get_args(field.annotation)]
        sections = [t for t in inner if isinstance(t, type) and issubclass(t, Section)]
        if sections:
            model = sections[0]
    return list(model.model_fields)
