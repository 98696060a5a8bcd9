"""The settings that results were made with, for when Snakemake no longer knows.

Its folder ``.snakemake`` says which settings made each file, so that a changed one makes again what
depends on it. Of files that another such folder knew, old results would pass for those of new
settings. So a study and the folder that has known it from its first file on share a name.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikegrad.files import atomic
from study.config.overlays import flat

FILE = ".settings"
"""A line for each of the settings that some of the results may be of."""
NAME = ".known_by"
"""What the folder is called that knows all of the results."""


class ForgottenError(RuntimeError):
    """Results are of other settings, and nobody knows which; the message says what to do."""


def remember(results: Path, settings: Mapping[str, Any], snakemake: Path) -> None:
    """Write down that some of a study's ``results`` will be of these ``settings``, and if there are
    none yet, that the folder ``snakemake`` knows them all."""
    if not (results / NAME).exists():
        name = secrets.token_hex(8)
        if all(file.name.startswith(".") and file.name != FILE for file in results.iterdir()):
            _write(_names(results, snakemake), [name])
        _write(results / NAME, [name])
    lines = dict.fromkeys([*_lines(results / FILE), _line(settings)])
    _write(results / FILE, list(lines))


def remember_alone(results: Path, settings: Mapping[str, Any]) -> None:
    """Write down that all of a study's ``results`` are of these ``settings``."""
    _write(results / FILE, [_line(settings)])


def check_remembered(results: Path, settings: Mapping[str, Any], snakemake: Path) -> None:
    """ForgottenError if ``results`` may be of other settings, and the folder ``snakemake`` does not
    know all of them."""
    name = _lines(results / NAME)
    if name and name == _lines(_names(results, snakemake)):
        return
    now = json.loads(_line(settings))
    known = [json.loads(line) for line in _lines(results / FILE)]
    keys = dict.fromkeys(key for before in known for key in {**before, **now})
    changed = [key for key in keys if any(before.get(key) != now.get(key) for before in known)]
    if changed:
        raise ForgottenError(
            f"{results} was made with another {', '.join(changed[:3])}"
            f"{f' and {len(changed) - 3} more' * (len(changed) > 3)}, and the .snakemake that"
            " knew what has to be made again is gone: move the results away, or take the"
            " settings that they were made with"
        )


def _names(results: Path, snakemake: Path) -> Path:
    return snakemake / "studies" / results.name


def _line(settings: Mapping[str, Any]) -> str:
    """All values, and the neuron models, which may have none of their own."""
    return json.dumps({**flat(settings), "neurons": [*settings.get("neurons", ())]})


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _write(file: Path, lines: Sequence[str]) -> None:
    with atomic(file) as part:
        part.write_text("".join(f"{line}\n" for line in lines))
