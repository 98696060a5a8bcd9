"""What the figures of exact and surrogate gradients share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from study.statistics import t_interval
from study.style import COLOURS

CUT = 30
KIND_COLOURS = dict(zip(("superspike", "sigmoid", "arctan", "box"), COLOURS, strict=False))


def spread(
    axes: Axes, table: pd.DataFrame, x: str, y: str, log: bool = False, **style: Any
) -> None:
    """Means of ``y`` by ``x`` over networks, with t intervals where there are three or more; with
    ``log`` of the logarithm."""
    values = table.assign(value=np.log10(table[y]) if log else table[y]).groupby(x)["value"]
    means = values.mean()
    ends = np.array([t_interval(own) if len(own) > 2 else (np.nan, np.nan) for _, own in values])
    if log:
        means, ends = 10**means, 10**ends
    if len(means) == 1:  # no area
        axes.vlines(means.index, *ends.T, color=style["color"], alpha=0.4, lw=1.5)
    axes.fill_between(means.index, *ends.T, color=style["color"], alpha=0.2, lw=0)
    axes.plot(means, **{"ls": "-", "marker": ".", **style})


def cut(column: Sequence[Axes]) -> None:
    """Cut intervals off that reach farther than :data:`CUT` times the means on a logarithmic axis
    that the panels of ``column`` share: some reach over many powers of ten."""
    means = np.concatenate([line.get_ydata() for panel in column for line in panel.get_lines()])
    low, high = column[0].get_ylim()
    column[0].set_ylim(max(low, np.nanmin(means) / CUT), min(high, np.nanmax(means) * CUT))
