"""What the page of the second paper's comparison tells, from the tables in its kept folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from spikegrad.ntk.constants import SAME_TIME, SG_NTK

# Read off the authors' figures 1 and 2: slope 20, trained, by width; other training points
AUTHORS = {
    "gradient": {10: 256, 100: 499, 500: 140, 1000: 52},
    "surrogate_gradient": {10: 40, 100: 0.77, 500: 0.11, 1000: 0.05},
}


def _kernel_errors(folder: Path) -> pd.DataFrame:
    """Mean squared kernel errors after training, of the NTK and the SG-NTK, by slope and width."""
    columns = {}
    for experiment in AUTHORS:
        table = pd.read_csv(folder / f"ntk_{experiment}_errors.csv")
        last = table[table["step"] == table["step"].max()]
        columns[experiment] = last.set_index(["slope", "width"])["squared_error"]
    return pd.DataFrame(columns)


def _ensembles(folder: Path, name: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """The kept table ``name`` of each ensemble that has one."""
    for file in sorted(folder.glob(f"ntk_*_{name}.csv")):
        yield file.name.removeprefix("ntk_").removesuffix(f"_{name}.csv"), pd.read_csv(file)


def _followed(folder: Path) -> Iterator[dict[str, Any]]:
    """Of each ensemble and width, at the end: which kernel's flow the networks' mean follows."""
    for ensemble, table in _ensembles(folder, "distances"):
        ends = table[(table["step"] == table["step"].max()) & (table["at"] == SAME_TIME)]
        for width, own in ends.groupby("width"):
            by_kernel = own.set_index("kernel")
            rival = by_kernel["rms"].drop(SG_NTK).idxmin()
            yield {
                "ensemble": ensemble,
                "width": width,
                "networks": by_kernel.loc[SG_NTK, "n_networks"],
                "rms": by_kernel["rms"].to_dict(),
                "noise": by_kernel.loc[SG_NTK, "noise"],
                "rival": rival,
                "z": by_kernel.loc[rival, "advantage_z"],
            }


def _trends(folder: Path) -> dict[str, dict[str, Any]]:
    """Powers of the width, by ensemble and quantity."""
    return {
        ensemble: {row["quantity"]: row for row in table.to_dict("records")}
        for ensemble, table in _ensembles(folder, "trends")
    }


def ntk_facts(folder: Path) -> dict[str, Any]:
    """What templates say of the comparison that is kept in ``folder``."""
    return {
        "errors": _kernel_errors(folder),
        "authors": AUTHORS,
        "followed": list(_followed(folder)),
        "trends": _trends(folder),
        "claims": pd.read_csv(folder / "claims.csv").to_dict("records"),
        "figures": sorted(file.name for file in folder.glob("*.png")),
    }
