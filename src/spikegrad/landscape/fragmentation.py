"""How broken a landscape is: minima, persistence, variation, parts of sublevel sets.

Each measure is taken at several resolutions of the same samples, the finest first, so that what
comes from the sampling can be told from what is there.
"""

from __future__ import annotations

from collections.abc import Iterator

import gudhi
import numpy as np
import pandas as pd
from scipy.integrate import trapezoid
from scipy.ndimage import label

COARSEST = 9
"""Fewest points, along each axis, of a resolution."""
DEEP = 0.01
"""Minima whose persistence exceeds this share of the range are counted apart."""
NETWORK = ["neuron", "seed", "state"]


def strides(points: int) -> Iterator[int]:
    """1, 2, 4, ... as long as every so-manieth of ``points`` are enough."""
    stride = 1
    while (points - 1) // stride + 1 >= COARSEST or stride == 1:
        yield stride
        stride *= 2


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


def variation(values: np.ndarray) -> float:
    """Total variation of ``values`` [n] over their range; 1 where they are monotone."""
    spread = np.ptp(values)
    return float(np.abs(np.diff(values)).sum() / spread) if spread > 0 else 1.0


def missed_change(x: np.ndarray, values: np.ndarray, slopes: np.ndarray) -> float:
    """Share of the change of ``values`` [n] along a line that their ``slopes`` do not account for.

    Summed over intervals: |change - integral of the slope| (trapezoidal rule) over |change|. A
    jump carries no slope, so that its share remains at any resolution.
    """
    change = np.diff(values)
    explained = np.diff(x) * (slopes[1:] + slopes[:-1]) / 2
    return float(np.abs(change - explained).sum() / np.abs(change).sum())


def parts(values: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Connected components of the sublevel sets of a plane [n, m], and of what lies above.

    At ``levels`` levels, evenly spaced inside the range.
    """
    heights = np.linspace(values.min(), values.max(), levels + 2)[1:-1]
    below = [label(values <= height)[1] for height in heights]
    above = [label(values > height)[1] for height in heights]
    return np.array(below), np.array(above)


def longest_stretch(finite: np.ndarray) -> slice:
    """The longest run of true values in ``finite`` [n]."""
    numbers, n_runs = label(finite)
    longest = np.bincount(numbers, minlength=n_runs + 1)[1:].argmax() + 1
    inside = np.flatnonzero(numbers == longest)
    return slice(inside[0], inside[-1] + 1)


def line_table(lines: pd.DataFrame) -> pd.DataFrame:
    """Measures of every line at every resolution.

    Columns: neuron, seed, state, direction, stride (every so-manieth point is used), points,
    spacing, minima, deep_minima (see :data:`DEEP`), persistence (summed depths over the range,
    the global minimum left out), variation, missed_change, net_missed (share of the whole
    line's change of loss that the integrated slope misses, in units of the range). Where a
    network runs away, the line is cut, and the longest piece is measured.
    """
    rows = []
    for key, line in lines.sort_values("x").groupby([*NETWORK, "direction"], sort=False):
        line = line.iloc[longest_stretch(np.isfinite(line["loss"]))]
        for stride in strides(len(line)):
            x, loss, slope = (line[c].to_numpy()[::stride] for c in ("x", "loss", "slope_x"))
            depths = persistence(loss)
            spread = np.ptp(loss)
            rows.append(
                {
                    **dict(zip([*NETWORK, "direction"], key, strict=True)),
                    "stride": stride,
                    "points": len(x),
                    "spacing": x[1] - x[0],
                    "minima": len(depths),
                    "deep_minima": int((depths > DEEP * spread).sum()),
                    "persistence": depths[1:].sum() / spread,
                    "variation": variation(loss),
                    "missed_change": missed_change(x, loss, slope),
                    "net_missed": abs(loss[-1] - loss[0] - trapezoid(slope, x)) / spread,
                }
            )
    return pd.DataFrame(rows)


def plane_table(planes: pd.DataFrame, levels: int) -> pd.DataFrame:
    """Parts of every plane at every level and resolution.

    Columns: neuron, seed, state, direction, direction2, stride, points (along each axis), spacing,
    minima, level (share of the range), parts_below, parts_above. Where a network runs away, its
    loss counts as the plane's highest.
    """
    rows = []
    keys = [*NETWORK, "direction", "direction2"]
    for key, plane in planes.groupby(keys, sort=False):
        whole = plane.pivot_table(index="x", columns="y", values="loss", dropna=False)
        whole = whole.fillna(whole.max(axis=None))
        spacing = whole.index[1] - whole.index[0]
        for stride in strides(len(whole)):
            values = np.ascontiguousarray(whole.to_numpy()[::stride, ::stride])
            minima = len(persistence(values))
            for k, (below, above) in enumerate(zip(*parts(values, levels), strict=True)):
                rows.append(
                    {
                        **dict(zip(keys, key, strict=True)),
                        "stride": stride,
                        "points": len(values),
                        "spacing": spacing * stride,
                        "minima": minima,
                        "level": (k + 1) / (levels + 1),
                        "parts_below": int(below),
                        "parts_above": int(above),
                    }
                )
    return pd.DataFrame(rows)
