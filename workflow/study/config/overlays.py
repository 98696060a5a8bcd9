"""Configuration files laid over each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from spikegrad.settings import ConfigError

BASED_ON = "based_on"
"""The key with which a file names what it is laid over: a path from its own folder, or several."""


def layers(
    files: Iterable[str | Path], read: Callable[[str], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What ``read`` finds in ``files`` and in those that they are based on, the lowest first.

    Each file stands once, under its path, at the first place where it is asked for. ConfigError if
    one does not exist, or is based on itself.
    """
    found: dict[str, dict[str, Any]] = {}

    def lay(file: Path, above: tuple[str, ...]) -> None:
        name = os.path.relpath(file)
        if name in above:
            raise ConfigError(f"{name}: is based on itself, by {' and '.join(above)}")
        if name in found:
            return
        if above and not file.exists():
            raise ConfigError(f"{above[-1]}: {BASED_ON} names {name}, which does not exist")
        own = read(name)
        bases = own.pop(BASED_ON, [])
        for base in [bases] if isinstance(bases, str) else bases:
            lay(file.parent / base, (*above, name))
        found[name] = own

    for file in map(Path, files):
        lay(file, ())
    return found


def given_twice(text: str) -> list[str]:
    """The keys that a configuration in YAML gives twice in one section, by their whole names.

    YAML's readers keep the last one, and all that was below the first is lost in silence.
    """
    return list(_twice(yaml.compose(text, Loader=yaml.SafeLoader), ""))


def _twice(node: yaml.Node | None, before: str) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for place, entry in enumerate(node.value):
            yield from _twice(entry, f"{before}{place}.")
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield before + name
            seen.add(name)
            yield from _twice(value, f"{before}{name}.")


def flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Every value by its whole key, such as network.init.scale."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found


def of_one_kind(config: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """``config`` without the values of a section's earlier ``kind``.

    Snakemake has made it of the contents of ``files``, laid over each other key by key: where a
    file exchanges a readout for one of another kind, the keys of the first are left.
    """
    begins, kind = 0, None
    for number, own in enumerate(files):
        if own.get("kind", kind) != kind:
            begins, kind = number, own["kind"]
    left = {key for own in files[:begins] for key in own}
    left -= {key for own in files[begins:] for key in own}
    return {
        key: of_one_kind(value, [own[key] for own in files if isinstance(own.get(key), Mapping)])
        if isinstance(value, Mapping)
        else value
        for key, value in config.items()
        if key not in left
    }


def differences(models: Mapping[str, Mapping[str, Any]]) -> str:
    """One line: what the settings of the neuron models differ in."""
    values = {neuron: flat(model) for neuron, model in models.items()}
    keys = dict.fromkeys(key for own in values.values() for key in own)
    parts = []
    for key in keys:
        found = {neuron: own[key] for neuron, own in values.items() if key in own}
        if len(found) < len(models) or any(v != next(iter(found.values())) for v in found.values()):
            parts.append(f"{key} " + ", ".join(f"{n} {v}" for n, v in found.items()))
    if not parts:
        return "All neuron models have the same settings"
    return "The neuron models differ in: " + "; ".join(parts)
