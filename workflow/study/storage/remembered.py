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


def remember(results: Path, settings: Mapping[str, Any], metadata: Path) -> None:
    """Write down the ``settings`` of a study's ``results``.

    Raises
    ------
    ForgottenError
        If others stand there and Snakemake's ``metadata`` are gone.
    """
    file = results / FILE
    now = json.loads(json.dumps(flat(settings)))
    if file.exists() and not (metadata.is_dir() and any(metadata.iterdir())):
        before = json.loads(file.read_text())
        changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        if changed:
            raise ForgottenError(
                f"{results} was made with another {', '.join(changed[:3])}"
                f"{f' and {len(changed) - 3} more' * (len(changed) > 3)}, and .snakemake, which"
                " knows what has to be made again, is gone: move the folder away, or take the"
                " settings that it was made with"
            )
    with atomic(file) as part:
        part.write_text(json.dumps(now))
