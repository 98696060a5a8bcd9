"""Loss surfaces to turn and to read values from: one small HTML file that needs nothing else.

Drawn on plain canvases by report/templates/surfaces.js; docs/landscapes.md says why by no library.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from study.environment import render
from study.figures.plane_maps import colour_range, direction_label, grid_of
from study.landscape.constants import STATES
from study.style import neuron_label

MAX_POINTS = 101
"""Along each axis; of finer planes every n-th point is shown."""

ORDER = ("trained", *(state for state in STATES if state != "trained"))


def draw(planes: pd.DataFrame, seed: int) -> str:
    """Write the loss surfaces of all neuron models side by side, as a page to turn and to read
    values from.

    A menu chooses among the planes of one ``seed``. Dragging turns all surfaces, which share
    scales; the pointer shows coordinates and the loss of each model there, in nats.
    """
    planes = planes[planes["seed"] == seed]
    keys = ["direction", "direction2", "state"]
    groups = sorted(planes.groupby(keys, sort=False), key=lambda group: ORDER.index(group[0][2]))
    content = {
        "neurons": {neuron: neuron_label(neuron) for neuron in planes["neuron"].unique()},
        "planes": [_plane(key, own) for key, own in groups],
    }
    title = f"Loss around networks, seed {seed}"
    return render("surfaces.html", title=title, content=content)


def _plane(key: Any, own: pd.DataFrame) -> dict[str, Any]:
    """One plane, of directions and state as in ``key``; a missing loss is null."""
    first, second, state = map(str, key)
    names = [direction_label(direction, " ") for direction in (first, second)]
    low, high = colour_range(own)
    loss = {}
    for neuron, table in own.groupby("neuron", sort=False):
        grid = grid_of(table)
        stride = -(-(max(grid.shape) - 1) // (MAX_POINTS - 1))
        grid = grid.iloc[::stride, ::stride]
        loss[str(neuron)] = [[_round_number(z) for z in row] for row in grid.to_numpy()]
    return {
        "label": f"{state}: " + " and ".join(names),
        "axes": [direction_label(first), direction_label(second)],
        "x": [_round_number(x) for x in grid.columns],
        "y": [_round_number(y) for y in grid.index],
        "range": [_round_number(low), _round_number(high)],
        "loss": loss,
    }


def _round_number(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.5g}")
