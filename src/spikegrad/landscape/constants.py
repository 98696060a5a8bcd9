"""Names and limits that computations and figures share."""

STATES = ("untrained", "equal loss", "trained", "equal activity")
"""Points that landscapes are looked at around; see :mod:`spikegrad.landscape.states`."""

CAUSES = ("end", "grazing", "spike swap", "input swap")
"""Why spikes change; see :mod:`spikegrad.landscape.causes`."""

SWAPS = ("input swap", "spike swap")
"""Those of them that are changes of order."""

JUMP = 1e-9
"""Smallest jump of a sample's loss, in nats, that counts as a discontinuity."""

JUDGED = (0.01, 0.1)
"""Depths of minima, in nats, at which landscapes are judged; fixed before any result."""


def height_column(cause: str) -> str:
    """The column of profiles with the summed heights of the jumps of a ``cause``."""
    return f"jump_{cause.replace(' ', '_')}"
