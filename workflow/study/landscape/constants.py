"""Names and limits that computations and figures share."""

import pandas as pd

from study.config.landscape import JUDGED_DEPTHS

STATES = ("untrained", "equal loss", "trained", "equal activity")
"""Points that landscapes are looked at around; see :mod:`study.landscape.states`."""

CAUSES = ("end", "grazing", "spike swap", "input swap")
"""Why spikes change; see :mod:`study.landscape.causes`."""

SWAPS = ("input swap", "spike swap")
"""Those of them that are changes of order."""

OF_SAMPLES = ("word_variation", "word_in_jumps", "word_minima")
"""What is measured around single samples; see :func:`study.landscape.roughness.around_samples`."""

SEED = 0
"""Every random number of landscapes derives from it, and from the networks' seeds."""

DEPTHS = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Depths, in nats, beyond which the minima of lines and planes are counted."""

JUMP = 1e-9
"""Smallest jump of a sample's loss, in nats, that counts as a discontinuity."""

TOLERANCE = min(JUDGED_DEPTHS) / 4
"""To which lines follow the mean loss, in nats."""

SETTLED = 0.9
"""Share of the lines that must have settled for their minima to be counted at all."""


def height_column(cause: str) -> str:
    """The column of profiles with the summed heights of the jumps of a ``cause``."""
    return f"jump_{cause.replace(' ', '_')}"


def have_settled(minima: pd.DataFrame) -> bool:
    """Whether enough lines have for their ``minima``, rows of line_minima.parquet, to count."""
    return bool(minima["settled"].mean() >= SETTLED)
