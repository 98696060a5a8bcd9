"""What the second paper's page shows of its tables, as Markdown."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from study.ntk import NNGP, SAME_TIME, SG_NTK, SYMMETRISED, TRANSPOSED, TWO_SIDED
from study.report.numbers import markdown_table, number, with_interval
from study.report.study_tables import StudyTables

PAPER: dict[str, dict[int, float]] = {
    "gradient": {10: 256, 100: 499, 500: 140, 1000: 52},
    "surrogate gradient": {10: 40, 100: 0.77, 500: 0.11, 1000: 0.05},
}
"""Kernel errors read off the paper's figures 1 and 2, by width: slope 20, trained, on other
training points."""
SLOPE = 20
KERNELS = (SG_NTK, TWO_SIDED, NNGP, TRANSPOSED, SYMMETRISED)
POWERS = {
    "distance": "distance of the mean from the SG-NTK's flow",
    "spread, train": "excess spread, training points",
    "spread, test": "excess spread, test points",
}


def kernel_errors(study: StudyTables) -> str:
    """Mean squared errors of kernels after training, by slope and width, beside the paper's."""
    columns = {}
    for experiment, table in _experiments(study, "mean_errors").items():
        last = table[table["step"] == table["step"].max()].set_index(["slope", "width"])
        columns[experiment] = last["squared_error"].map(number)
        if experiment in PAPER:
            theirs = {(SLOPE, width): str(error) for width, error in PAPER[experiment].items()}
            columns[f"{experiment}, paper"] = pd.Series(theirs).reindex(last.index)
    errors = pd.DataFrame(columns).fillna("")
    rows = [[f"{slope:g}", width, *row] for (slope, width), row in errors.iterrows()]
    return markdown_table(["slope", "n", *errors], rows)


def _experiments(study: StudyTables, name: str) -> dict[str, pd.DataFrame]:
    """The table ``name`` of each experiment that has one."""
    files = study.glob(f"*/*/{name}.csv")
    return {Path(file).parent.name.replace("_", " "): study.table(file) for file in files}


def nearest_kernels(study: StudyTables) -> str:
    """Of each ensemble and width, at the end: which kernel's flow the networks' mean follows."""
    rows = []
    for ensemble, table in _experiments(study, "distances").items():
        ends = table[(table["step"] == table["step"].max()) & (table["at"] == SAME_TIME)]
        for width, own in ends.groupby("width"):
            kernels = own.set_index("kernel")
            rms, ours = kernels["rms"], kernels.loc[SG_NTK]
            rival = rms.drop(SG_NTK).idxmin()
            distances = [f"{rms[k]:.3f}" if k in rms else "-" for k in KERNELS]
            z = f"{kernels.loc[rival, 'advantage_z']:+.1f}"
            noise = f"{ours['noise']:.3f}"
            rows.append([ensemble, width, ours["n_networks"], *distances, noise, rival, z])
    header = ["ensemble", "n", "networks", *KERNELS, "noise of the mean", "nearest other", "z"]
    return markdown_table(header, rows)


def width_powers(study: StudyTables) -> str:
    """Powers of the width, by ensemble and quantity."""

    def power(row: Any) -> str:
        if not math.isfinite(row["exponent"]):
            return "nothing above the flow"
        return with_interval(row["exponent"], row["low"], row["high"], lambda v: number(v, 2))

    rows = []
    for ensemble, table in _experiments(study, "trends").items():
        own = table.set_index("quantity")
        rows.append([ensemble, *[power(own.loc[q]) if q in own.index else "-" for q in POWERS]])
    return markdown_table(["ensemble", *POWERS.values()], rows)
