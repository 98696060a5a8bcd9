"""Networks that are trained with something changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.config.neurons import NEURON_STYLES
from study.style import NEURON_COLOURS, letter, neuron_label, panels
from study.training.outcomes import FINISHED
from study.variants import read_runs

PANELS: dict[str, tuple[str, tuple[float | None, float | None]]] = {  # labels and limits
    "accuracy": ("accuracy, all test samples", (None, None)),
    "spikes_per_neuron": ("spikes a neuron\nand sample", (0, None)),
    "word_in_jumps": ("share of a sample's\nloss that jumps", (-0.02, 1.02)),
    "word_minima": ("minima\nof a sample's loss", (-0.2, None)),
    "turned_clipped": ("cosine of gradients\n$10^{-3}$ apart", (-1.05, 1.05)),
}


def draw(table: Path, runs: pd.DataFrame) -> Figure:
    """Draw the runs of a variant's ``table``, by change: a row for each, a point for each run.

    A dotted line is the mean of the final networks, whose ``runs`` train with the samples that
    validate variants, too.
    """
    varied = read_runs(table).fillna({"accuracy": 0.0})
    neurons = [neuron for neuron in NEURON_STYLES if neuron in set(varied["neuron"])]
    shown = [name for name in PANELS if name in varied]
    changes = list(varied["to"].unique())
    widths, height = [2, *[1] * (len(shown) - 1)], 1.6 + len(changes) / 4
    figure, grid = panels(1, len(shown), (1.8, height), (3, 0), sharey=True, width_ratios=widths)
    for axes, name in zip(grid[0], shown, strict=True):
        _draw_measure(axes, varied, name, neurons, changes)
    final = runs.groupby("neuron")["accuracy"].mean()
    for neuron in neurons:
        grid[0, 0].axvline(final[neuron], color=NEURON_COLOURS[neuron], lw=0.8, ls=":")
    letter(grid[0])
    failed = (varied["outcome"] != FINISHED).any()
    figure.legend(handles=_handles(neurons, failed), loc="outside lower center", ncols=5)
    return figure


def _draw_measure(
    axes: Axes, runs: pd.DataFrame, name: str, neurons: list[str], changes: list[str]
) -> None:
    """The measure ``name`` of all ``runs``, those that diverged crossed out."""
    label, limits = PANELS[name]
    rows = {"y": "to", "order": changes, "jitter": False, "legend": False, "size": 4}
    rows |= {"hue": "neuron", "hue_order": neurons, "dodge": len(neurons) > 1}
    crosses = {"marker": "x", "linewidth": 1, "palette": ["black"] * len(neurons)}
    sns.stripplot(runs, x=name, palette=NEURON_COLOURS, ax=axes, **rows)
    sns.stripplot(runs[runs["outcome"] != FINISHED], x=name, ax=axes, **crosses, **rows)
    for k in range(1, len(changes), 2):
        axes.axhspan(k - 0.5, k + 0.5, color="0.95", zorder=0)
    if name == "word_minima":
        most = 2 * runs[name].max() + 1
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xticks([0, *[10**k for k in range(5) if 10**k <= most]])
        limits = (-0.2, most)
    axes.set(xlabel=label, ylabel="", xlim=limits)


def _handles(neurons: list[str], failed: bool) -> list[Line2D]:
    """Entries of the legend, with crosses if runs ``failed``."""
    marks: dict[str, dict[str, Any]] = {
        neuron_label(n): {"marker": "o", "color": NEURON_COLOURS[n]} for n in neurons
    }
    if failed:
        marks["diverged"] = {"marker": "x", "color": "black"}
    points = [Line2D([], [], ms=4, lw=0, label=label, **style) for label, style in marks.items()]
    return [*points, Line2D([], [], color="0.3", lw=0.8, ls=":", label="final networks, mean")]
