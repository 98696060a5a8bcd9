"""How broken a landscape is: how many of its minima are deeper than a given depth.

Depth is 0-dimensional persistence: how far the loss must rise above a minimum before its basin
joins a deeper one. Neuron models are compared where none of their networks diverges.
"""

from __future__ import annotations

from collections.abc import Sequence

import gudhi
import numpy as np
import pandas as pd
from scipy.ndimage import label

from study.landscape.constants import DEPTHS

LINE = ["seed", "state", "direction"]
PLANE = [*LINE, "direction2"]


def persistence(values: np.ndarray) -> np.ndarray:
    """Depths of the minima of ``values``, of a line [n] or a plane [n, m], the deepest first.

    0-dimensional persistence of sublevel sets: how far the level must rise above a minimum
    before its basin joins a deeper one. The global minimum counts with the whole range.
    """
    cells = gudhi.CubicalComplex(vertices=values)
    cells.compute_persistence()
    births, deaths = cells.persistence_intervals_in_dimension(0).T
    depths = np.where(np.isinf(deaths), values.max(), deaths) - births
    return np.sort(depths)[::-1]


def finite_range(x: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Ends of the largest interval around 0 in which ``values`` [n] at ``x`` [n] are finite.

    ``x`` ascends; at the point next to 0 the value is finite.
    """
    numbers, _ = label(np.isfinite(values))
    inside = np.flatnonzero(numbers == numbers[np.abs(x).argmin()])
    return float(x[inside[0]]), float(x[inside[-1]])


def between(x: np.ndarray, values: np.ndarray, low: float, high: float) -> np.ndarray:
    """``values`` [n] at ``x`` [n] from ``low`` to ``high``, with those at the ends interpolated."""
    finite = np.isfinite(values)
    ends = np.interp([low, high], x[finite], values[finite])
    return np.array([ends[0], *values[(x > low) & (x < high)], ends[1]])


def line_minima(lines: pd.DataFrame, depths: Sequence[float] = DEPTHS) -> pd.DataFrame:
    """Minima deeper than ``depths``, in nats, of all lines of :func:`surfaces.surfaces`."""
    rows = []
    for key, group in lines.groupby(LINE, sort=False):
        curves = {
            neuron: own.sort_values("x")[["x", "loss"]].to_numpy().T
            for neuron, own in group.groupby("neuron", sort=False)
        }
        ranges = np.array([finite_range(*curve) for curve in curves.values()])
        low, high = ranges[:, 0].max(), ranges[:, 1].min()
        for neuron, (x, loss) in curves.items():
            found = persistence(between(x, loss, low, high))[1:]
            residual = group.loc[group["neuron"] == neuron, "residual"].max()
            rows += [
                {
                    "neuron": neuron,
                    **dict(zip(LINE, key, strict=True)),
                    "depth": depth,
                    "minima": int((found > depth).sum()),
                    "settled": residual <= depth / 4,
                    "length": high - low,
                }
                for depth in depths
            ]
    return pd.DataFrame(rows)


def plane_minima(planes: pd.DataFrame, depths: Sequence[float] = DEPTHS) -> pd.DataFrame:
    """Minima of every plane, on the part around its centre where no neuron model diverges.

    What lies outside is a wall, as high as the highest point inside.
    """
    rows = []
    for key, group in planes.groupby(PLANE, sort=False):
        grids = {
            neuron: own.pivot_table(index="x", columns="y", values="loss", dropna=False)
            for neuron, own in group.groupby("neuron", sort=False)
        }
        finite = np.all([np.isfinite(grid) for grid in grids.values()], axis=0)
        first = next(iter(grids.values()))
        centre = np.abs(first.index).argmin(), np.abs(first.columns).argmin()
        numbers, _ = label(finite)
        inside = finite & (numbers == numbers[centre])
        for neuron, grid in grids.items():
            found = persistence(np.where(inside, grid, grid.to_numpy()[inside].max()))[1:]
            rows += [
                {
                    "neuron": neuron,
                    **dict(zip(PLANE, key, strict=True)),
                    "depth": depth,
                    "minima": int((found > depth).sum()),
                    "area": inside.mean(),
                }
                for depth in depths
            ]
    return pd.DataFrame(rows)
