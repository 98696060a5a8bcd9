"""QIF minus LIF in several published studies, beside each other in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.intervals import t_interval
from study.report.score_facts import primary_result
from study.report.study_tables import StudyTables
from study.style import NEURON_COLOURS, plt
from study.training.scores import accuracy_by_fold


@dataclass(frozen=True)
class Difference:
    """Test accuracy, QIF minus LIF, every speaker alike, in points."""

    study: str
    searched: bool  # else one setting of each neuron model was trained
    unit: str  # what the interval is over
    n: int  # of these
    gains: pd.Series  # of each fold; empty where units of the two are not paired
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, study: StudyTables) -> Difference:
        """That of a ``study`` with several outer folds, or with the claim about performance."""
        searched = study.config["search"] is not None
        if len(study.folds) > 1:
            of_fold = 100 * accuracy_by_fold(study.table("training/scores/speakers.csv"))
            gains = of_fold["qif"] - of_fold["lif"]
            numbers = gains.mean(), *t_interval(gains)
            return cls(study.folder.name, searched, study.unit, len(gains), gains, *numbers)
        claim = primary_result(study).iloc[0]
        numbers = 100 * claim[["estimate", "low", "high"]].astype(float)
        nothing = pd.Series(dtype=float)
        return cls(study.folder.name, searched, claim["unit"], claim["n"], nothing, *numbers)


def draw_differences(folders: Sequence[Path]) -> Figure:
    """A row for each of the published studies in ``folders``."""
    found = [Difference.of(StudyTables(folder)) for folder in folders]
    figure, axes = plt.subplots(figsize=(6.5, 0.8 + 0.5 * len(found)))
    axes.axvline(0, color="0.6", lw=0.8)
    for place, own in enumerate(found):
        style: dict[str, Any] = {"color": NEURON_COLOURS["qif"] if own.searched else "0.4"}
        below = np.full(len(own.gains), place + 0.2)
        axes.plot(own.gains, below, "o", ms=4, alpha=0.5, mew=0, **style)
        axes.plot([own.low, own.high], [place] * 2, lw=1.5, **style)
        axes.plot([own.value], [place], "|", ms=14, mew=2, **style)
    names = [
        f"{own.study}\n{own.n} {own.unit}{'' if own.searched else ', one setting of each'}"
        for own in found
    ]
    axes.set_yticks(range(len(found)), names)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlabel("test accuracy, QIF − LIF (points), with 95 % intervals")
    axes.set_title("← LIF better", loc="left")
    axes.set_title("QIF better →", loc="right")
    return figure
