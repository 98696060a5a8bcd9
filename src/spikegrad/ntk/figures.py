"""What the SG-NTK figures share: axes of angles, colours and labels."""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from spikegrad.figures import COLOURS

KERNEL_COLOURS = {"SG-NTK": "black", "two-sided": COLOURS[1], "NNGP": COLOURS[0]}
KERNEL_STYLES = {"SG-NTK": "-", "two-sided": ":", "NNGP": "--"}
TRAINING_POINTS = {"color": COLOURS[1], "marker": "x", "linestyle": ""}

Colour = tuple[float, float, float, float]


def sequence(values: Iterable[float]) -> dict[float, Colour]:
    """A colour for each of some ordered values, dark to light."""
    ordered = list(values)
    shades = plt.get_cmap("viridis")(np.linspace(0.1, 0.8, max(len(ordered), 2)))
    return {value: tuple(shade) for value, shade in zip(ordered, shades, strict=False)}


def angle_axis(axes: Axes, label: bool = True) -> None:
    """The paper's axis of angles on the circle."""
    axes.set_xlim(-np.pi, np.pi)
    axes.set_xticks([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], [r"$-\pi$", "", "0", "", r"$\pi$"])
    if label:
        axes.set_xlabel(r"angle $\alpha$ (rad)")


def legend_below(axes: Axes, **options: object) -> None:
    """A legend under the panel, where it hides nothing."""
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), **options)


def slope_label(slope: float) -> str:
    """The m of erf_m."""
    return r"$m \to \infty$" if np.isinf(slope) else f"$m = {slope:g}$"
