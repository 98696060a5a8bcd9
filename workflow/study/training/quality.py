"""Which of several epochs or trials is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def quality(scores: Mapping[str, Any]) -> tuple[float, float]:
    """Larger is better: the validation accuracy; ties are broken by the lower loss."""
    return scores["validation_accuracy"], -scores["validation_loss"]
