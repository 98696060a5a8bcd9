"""The settings that results were made with, for when Snakemake no longer knows.

Its folder ``.snakemake`` says which settings made each file, so that a changed one makes again what
depends on it. Where that folder is gone, old results would pass for those of new settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikegrad.files import atomic
from study.config.overlays import flat

FILE = ".settings"
"""A line for each of the settings that some of the results may be of."""


class ForgottenError(RuntimeError):
    """Results are of other settings, and nobody knows which; the message says what to do."""


def remember(results: Path, settings: Mapping[str, Any]) -> None:
    """Write down that some of a study's ``results`` will be of these ``settings``."""
    _write(results, list(dict.fromkeys([*_lines(results), json.dumps(flat(settings))])))


def remember_alone(results: Path, settings: Mapping[str, Any]) -> None:
    """Write down that all of a study's ``results`` are of these ``settings``."""
    _write(results, [json.dumps(flat(settings))])


def check_remembered(results: Path, settings: Mapping[str, Any], metadata: Path) -> None:
    """ForgottenError if ``results`` may be of other settings, and Snakemake's ``metadata`` gone."""
    if metadata.is_dir() and any(metadata.iterdir()):
        return
    now = json.loads(json.dumps(flat(settings)))
    known = [json.loads(line) for line in _lines(results)]
    keys = dict.fromkeys(key for before in known for key in {**before, **now})
    changed = [key for key in keys if any(before.get(key) != now.get(key) for before in known)]
    if changed:
        raise ForgottenError(
            f"{results} was made with another {', '.join(changed[:3])}"
            f"{f' and {len(changed) - 3} more' * (len(changed) > 3)}, and .snakemake, which"
            " knows what has to be made again, is gone: move the folder away, or take the"
            " settings that it was made with"
        )


def _lines(results: Path) -> list[str]:
    file = results / FILE
    return file.read_text().splitlines() if file.exists() else []


def _write(results: Path, lines: Sequence[str]) -> None:
    with atomic(results / FILE) as part:
        part.write_text("".join(f"{line}\n" for line in lines))
