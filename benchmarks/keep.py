"""Keep the tables and figures of a long study in the repository, with the core-hours that it took.

python benchmarks/keep.py results/spoken-digits-large docs/results/spoken-digits-large
python benchmarks/keep.py --ntk results/shd-ntk docs/results
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pandas as pd

KEPT = (
    "claims.csv",
    "data/summary.csv",
    "figures/performance.png",
    "figures/landscapes.png",
    "figures/samples.png",
    "landscape/census.csv",
    "landscape/figures/fragmentation.png",
    "landscape/figures/gradients.png",
    "search/budget.csv",
    "search/figures/budget.png",
    "search/figures/importance.png",
    "search/figures/slices.png",
    "search/rungs.csv",
    "search/stability.csv",
    "search/winners.csv",
    "training/runs.csv",
    "training/summary.csv",
)


KEPT_OF_NTK = (
    "ntk/figures/comparison.png",
    "ntk/figures/kernels_gradient.png",
    "ntk/figures/kernels_surrogate_gradient.png",
    "ntk/figures/off_circle.png",
    "ntk/figures/spread.png",
    "ntk/figures/stability.png",
    "ntk/gradient/exponents.csv",
    "ntk/one_hidden/distances.csv",
    "ntk/one_hidden/spreads.csv",
    "ntk/one_hidden/trends.csv",
    "ntk/stability/cases.csv",
    "ntk/surrogate_gradient/exponents.csv",
    "ntk/two_hidden/distances.csv",
    "ntk/two_hidden/spreads.csv",
    "ntk/two_hidden/trends.csv",
    "ntk/unequal_norms/distances.csv",
    "ntk/unequal_norms/trends.csv",
)


def core_hours(folder: Path) -> pd.DataFrame:
    """Hours of processor time by family of rules, from the tables below ``benchmarks``."""
    rows = []
    for file in sorted(folder.rglob("*.tsv")):
        parts = file.relative_to(folder).parts
        family = parts[0] if len(parts) > 1 else "data"
        rows.append({"family": family, **pd.read_csv(file, sep="\t").iloc[-1]})
    table = pd.DataFrame(rows).groupby("family")["cpu_time"].agg(["size", "sum"])
    table.columns = ["jobs", "core_hours"]
    table["core_hours"] = table["core_hours"].astype(float) / 3600
    return pd.concat([table, table.sum().to_frame("all").T]).astype({"jobs": int})


def keep(results: Path, target: Path, ntk: bool = False) -> None:
    """Copy what is worth keeping of ``results``, flat, and write ``hours.csv`` beside it."""
    target.mkdir(parents=True, exist_ok=True)
    for name in KEPT_OF_NTK if ntk else KEPT:
        shutil.copyfile(results / name, target / name.replace("/", "_").replace("figures_", ""))
    hours = core_hours(results / "benchmarks").rename_axis("family")
    hours.to_csv(target / ("ntk_hours.csv" if ntk else "hours.csv"), float_format="%.3f")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results of a finished study")
    parser.add_argument("target", type=Path, help="folder to keep them in")
    parser.add_argument("--ntk", action="store_true", help="of the SG-NTK part alone")
    options = parser.parse_args()
    keep(options.results, options.target, options.ntk)
