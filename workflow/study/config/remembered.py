"""The settings that results were made with, for when Snakemake no longer knows.

Its folder ``.snakemake`` says which settings made each file, so that a changed one makes again what
depends on it. Where that folder is gone, old results would pass for those of new settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spikegrad.files import atomic
from study.config.overlays import flat

FILE = ".settings.json"


class ForgottenError(RuntimeError):
    """Results are of other settings, and nobody knows which; the message says what to do."""


def remember(results: Path, settings: Mapping[str, Any]) -> None:
    """Write down the ``settings`` of a study's ``results``."""
    with atomic(results / FILE) as part:
        part.write_text(json.dumps(flat(settings)))


def check_remembered(results: Path, settings: Mapping[str, Any], metadata: Path) -> None:
    """ForgottenError if ``results`` are of other settings, and Snakemake's ``metadata`` gone."""
    file = results / FILE
    if not file.exists() or (metadata.is_dir() and any(metadata.iterdir())):
        return
    before, now = json.loads(file.read_text()), json.loads(json.dumps(flat(settings)))
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if changed:
        raise ForgottenError(
            f"{results} was made with another {', '.join(changed[:3])}"
            f"{f' and {len(changed) - 3} more' * (len(changed) > 3)}, and .snakemake, which"
            " knows what has to be made again, is gone: move the folder away, or take the"
            " settings that it was made with"
        )
