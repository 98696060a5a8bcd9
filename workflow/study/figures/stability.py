"""Unstable learning."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.kernel_axes import legend_below, sequence
from study.ntk import UNSTABLE_POINTS
from study.style import COLOURS, letter

FLOOR = 1e-6
"""Of what counts as unstable, relative to the kernel's norm."""


def draw(cases: pd.DataFrame, drift: pd.DataFrame) -> Figure:
    """Draw where the SG-NTK is unstable, and networks of growing width that drift away there."""
    figure, (shares, depths, errors) = plt.subplots(1, 3, figsize=(11, 3.8))
    n_entries = _draw_cases(shares, depths, cases)
    figure.legend(
        *shares.get_legend_handles_labels(), loc="outside lower left", ncols=n_entries + 1
    )
    _draw_drift(errors, drift)
    letter((shares, depths, errors))
    seed = drift.iloc[0].seed
    figure.suptitle(f"SG-NTK of sign networks, {UNSTABLE_POINTS} points, seed {seed}")
    return figure


def _draw_cases(shares: Axes, depths: Axes, cases: pd.DataFrame) -> int:
    """How many random data sets are unstable, and the least stable ones that were found, by
    surrogate. Returns the number of entries that the legend of ``shares`` will have."""
    surrogates = list(cases.surrogate.unique())
    layers = sequence(sorted(cases.depth.unique()))
    markers = dict(zip(sorted(cases.n_inputs.unique()), "o^sDv", strict=False))
    height = 0.8 / (len(layers) * len(markers))
    for k, ((depth, n_inputs), own) in enumerate(cases.groupby(["depth", "n_inputs"])):
        own = own.set_index("surrogate").loc[surrogates]
        y = np.arange(len(surrogates)) - 0.4 + (k + 0.5) * height
        style = {"color": layers[depth], "marker": markers[n_inputs], "markersize": 4, "ls": ""}
        shares.plot(100 * own.share.where(own.share > 0), y, **style)
        worst = -own.found
        depths.plot(worst.where(worst > FLOOR), y, **style)
        style["fillstyle"] = "none"
        depths.plot(np.where(worst > FLOOR, np.nan, FLOOR), y, **style)
        shares.plot(np.where(own.share > 0, np.nan, 50 / own.n_draws), y, **style)
    for axes in (shares, depths):
        axes.set_xscale("log")
        axes.set_yticks(range(len(surrogates)), [name.replace("_", " ") for name in surrogates])
        axes.set_ylim(len(surrogates) - 0.5, -0.5)
        for edge in np.arange(len(surrogates) - 1) + 0.5:
            axes.axhline(edge, color="grey", linewidth=0.3)
    depths.tick_params(labelleft=False)
    for depth, colour in layers.items():
        shares.plot([], color=colour, marker="o", ls="", markersize=4, label=f"{depth} layers")
    for n_inputs, marker in markers.items():
        label = f"{n_inputs} input{'s'[: n_inputs - 1]}"
        shares.plot([], color="grey", marker=marker, ls="", markersize=4, label=label)
    shares.set_xlabel("unstable random data sets (%)")
    shares.set_title(f"of {cases.n_draws.iloc[0]} draws (open: none)")
    depths.set_xlabel(r"$-\min$ Re $\lambda\; / \;\|K\|$")
    depths.set_title("least stable data found (open: none)")
    return len(layers) + len(markers)


def _draw_drift(axes: Axes, networks: pd.DataFrame) -> None:
    """The error of networks of each width along the unstable direction, beside the prediction."""
    for width, colour in sequence(sorted(networks.width.unique())).items():
        own = networks[networks.width == width]
        table = own.pivot_table(index="step", columns="network", values="error")
        mean, error = table.mean(axis=1), 1.96 * table.sem(axis=1)
        axes.fill_between(mean.index, mean - error, mean + error, color=colour, alpha=0.3, lw=0)
        axes.plot(mean, color=colour, label=f"$n = {width}$")
    predicted = networks.groupby("step").predicted.first()
    axes.plot(predicted, "--", color="black", linewidth=1, label="SG-NTK, $n \\to \\infty$")
    axes.axhline(0, color=COLOURS[4], linewidth=0.8)
    top = networks.groupby(["width", "step"]).error.mean().max()
    axes.set(
        ylim=(0, 1.5 * top), xlabel="steps of training", ylabel="error along the unstable direction"
    )
    first = networks.iloc[0]
    axes.set_title(
        f"2 layers, {first.surrogate.replace('_', ' ')}, {networks.network.nunique()} networks"
    )
    legend_below(
        axes,
        ncols=2,
        fontsize=7,
        title=rf"$\lambda = {first.eigenvalue:.2f}$, $\|K\| = {first.norm:.1f}$; mean, 95 %",
        title_fontsize=7,
    )
