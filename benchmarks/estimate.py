"""An estimate beside what the study took: python benchmarks/estimate.py FOLDER DATASET

In FOLDER the study has run, and then `snakemake estimate` with the same configuration. Times of
jobs come from Snakemake's records: wall time, so that nothing else should have run. Prints
core-seconds by family, told and taken; ends with an error if all together differ by more than a
factor of 1.5.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

FACTOR = 1.5


def taken(folder: Path, dataset: str) -> pd.Series:
    """Core-seconds of each rule, by the last run of each of the dataset's jobs."""
    jobs: dict[str, tuple[str, float]] = {}
    for file in (folder / ".snakemake" / "metadata").rglob("*"):
        record = json.loads(file.read_text()) if file.is_file() else {"log": []}
        for log in record["log"]:
            if log.startswith(f"logs/{dataset}/"):
                jobs[log] = record["rule"], record["endtime"] - record["starttime"]
    table = pd.DataFrame(jobs.values(), columns=["rule", "seconds"])
    return table.groupby("rule")["seconds"].sum()


def compare(folder: Path, dataset: str) -> pd.DataFrame:
    """Core-seconds of each family and of all, ``told`` and ``taken``, and their ``ratio``.

    What compiles the engine is left out: the estimate has done that before.
    """
    rules = pd.read_csv(folder / "results" / dataset / "estimate" / "rules.csv").set_index("rule")
    rules["told"] = 3600 * rules["core_hours"]
    rules["taken"] = taken(folder, dataset)
    rules = rules.drop(index="compile_engine").dropna()
    table = rules.groupby("family", sort=False)[["told", "taken"]].sum()
    table.loc["all"] = table.sum()
    return table.assign(ratio=table["told"] / table["taken"])


if __name__ == "__main__":
    found = compare(Path(sys.argv[1]), sys.argv[2])
    print(found.round(2).to_string())
    if not 1 / FACTOR < found.loc["all", "ratio"] < FACTOR:
        sys.exit(f"the estimate is wrong by more than a factor of {FACTOR}")
