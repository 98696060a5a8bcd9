"""What the second paper's page shows of its tables, as Markdown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from study.ntk import NNGP, SAME_TIME, SG_NTK, SYMMETRISED, TRANSPOSED, TWO_SIDED
from study.report.numbers import markdown_table, number
from study.report.study_tables import StudyTables

PAPER: dict[str, dict[int, float]] = {
    "gradient": {10: 256, 100: 499, 500: 140, 1000: 52},
    "surrogate gradient": {10: 40, 100: 0.77, 500: 0.11, 1000: 0.05},
}
"""Kernel errors read off the paper's figures 1 and 2, by width: slope 20, trained, on other
training points."""
SLOPE = 20
KERNELS = (SG_NTK, TWO_SIDED, NNGP, TRANSPOSED, SYMMETRISED)


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
    """Of each ensemble's widest networks, at the end: which kernel's flow their mean follows."""
    rows = []
    for ensemble, table in _experiments(study, "distances").items():
        ends = table[(table["step"] == table["step"].max()) & (table["at"] == SAME_TIME)]
        widest = ends["width"].max()
        kernels = ends[ends["width"] == widest].set_index("kernel")
        rms, ours = kernels["rms"], kernels.loc[SG_NTK]
        rival = rms.drop(SG_NTK).idxmin()
        distances = [f"{rms[k]:.3f}" if k in rms else "-" for k in KERNELS]
        z = f"{kernels.loc[rival, 'advantage_z']:+.1f}".replace("-", "−")
        noise = f"{ours['noise']:.3f}"
        rows.append([ensemble, widest, ours["n_networks"], *distances, noise, rival, z])
    header = ["ensemble", "n", "networks", *KERNELS, "noise of the mean", "nearest other", "z"]
    return markdown_table(header, rows)
