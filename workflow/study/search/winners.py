"""What searches have found, read back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

NOTHING: dict[str, Any] = {"search": None, "parameters": {}}


def best_winner(files: Iterable[str | Path]) -> dict[str, Any]:
    """The content of that best.yaml which is best by validation; ``search`` is its search's number.

    Without any, settings stay as they are: :data:`NOTHING`.
    """
    found = [yaml.safe_load(Path(file).read_text()) for file in files]
    if len(found) < 2:  # hyperparameters that are drawn have no accuracy
        return found[0] if found else NOTHING
    return max(found, key=lambda own: own["winner"]["validation_accuracy"])
