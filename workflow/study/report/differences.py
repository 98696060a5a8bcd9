"""QIF minus LIF in several published studies, beside each other in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.single_samples import draw_largest
from study.report.numbers import count_with_unit
from study.report.score_facts import lead
from study.report.study_tables import StudyTables
from study.style import NEURON_COLOURS, plt
from study.training.scores import accuracy_by_fold

EXAMPLES = "landscape/examples"


@dataclass(frozen=True)
class Difference:
    """Test accuracy, QIF minus LIF, in points: :func:`study.report.score_facts.lead`."""

    study: str
    what: str  # whether there are delays, and searches
    of: str  # what the interval is over
    over_searches: bool  # else the interval leaves out that another search finds other settings
    gains: pd.Series  # of each fold; empty where units of the two are not paired
    value: float
    low: float
    high: float

    @classmethod
    def of_study(cls, study: StudyTables) -> Difference:
        network, searched = study.config["network"], study.config["search"] is not None
        delays = any(network.get(key) for key in ("delay_line", "delays"))
        found, gains = lead(study), pd.Series(dtype=float)
        if len(study.folds) > 1:
            of_fold = accuracy_by_fold(study.table("training/scores/speakers.csv"))
            gains = 100 * (of_fold["qif"] - of_fold["lif"])
        return cls(
            study.folder.name,
            f"{'delays' if delays else 'no delays'}, {'searched' if searched else 'one setting'}",
            count_with_unit(found.n, found.unit),
            searched and study.unit != "seeds",
            gains,
            *(100 * end for end in (found.value, found.low, found.high)),
        )


def draw_differences(folders: Sequence[Path]) -> Figure:
    """A row for each of the published studies in ``folders``, those of a single split last."""
    figure, axes = plt.subplots(figsize=(6.5, 0.8 + 0.45 * len(folders)))
    _draw_rows(axes, folders)
    return figure


def draw_hero(folders: Sequence[Path]) -> Figure:
    """The largest jump of the first study's LIF networks beside :func:`draw_differences`."""
    names = {"examples": "changes", "losses": "losses", "potentials": "potentials"}
    tables = {
        own: StudyTables(folders[0]).table(f"{EXAMPLES}/{name}.parquet")
        for own, name in names.items()
    }
    size, widths = (10, 0.8 + 0.45 * len(folders)), (1, 1, 1.5)
    figure, (loss, potential, rows) = plt.subplots(1, 3, figsize=size, width_ratios=widths)
    draw_largest(loss, potential, **tables)
    _draw_rows(rows, folders)
    return figure


def _draw_rows(axes: Axes, folders: Sequence[Path]) -> None:
    found = [Difference.of_study(StudyTables(folder)) for folder in folders]
    axes.axvline(0, color="0.6", lw=0.8)
    for place, own in enumerate(found):
        style: dict[str, Any] = {"color": NEURON_COLOURS["qif"] if own.over_searches else "0.5"}
        below = np.full(len(own.gains), place + 0.25)
        axes.plot(own.gains, below, "o", ms=4, alpha=0.5, mew=0, **style)
        axes.plot([own.low, own.high], [place] * 2, lw=1.5, **style)
        axes.plot([own.value], [place], "|", ms=12, mew=2, **style)
    single = [place for place, own in enumerate(found) if not len(own.gains)]
    for place in single[:1]:
        across: dict[str, Any] = {"transform": axes.get_yaxis_transform()}
        axes.hlines(place - 0.5, 0, 1, color="0.6", lw=0.7, ls=":", **across)
        axes.text(1, place - 0.45, "a split like SHD's", va="top", ha="right", fontsize=8, **across)
    names = [f"{own.what}\n{own.study}: {own.of}" for own in found]
    axes.set_yticks(range(len(found)), names, fontsize=8)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlabel("test accuracy, QIF − LIF (points)")
    axes.set_title("← LIF better", loc="left")
    axes.set_title("QIF better →", loc="right")
