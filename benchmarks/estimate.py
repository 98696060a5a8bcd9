"""An estimate beside what the study took: python benchmarks/estimate.py FOLDER DATASET

In FOLDER the study has run, and then `snakemake estimate` with the same configuration. Prints
core-seconds of each family, ``predicted`` and ``taken``: wall time of jobs, so that nothing else
should have run. Ends with an error if the sums differ by more than a factor of 1.5.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

FACTOR = 1.5


def compare(folder: Path, dataset: str) -> pd.DataFrame:
    """Core-seconds by family; what compiles the engine is left out, as the estimate compiled it."""
    jobs: dict[str, tuple[str, float]] = {}  # the last run of each
    for file in filter(Path.is_file, (folder / ".snakemake" / "metadata").rglob("*")):
        record = json.loads(file.read_text())
        for log in record["log"]:
            if log.startswith(f"logs/{dataset}/"):
                jobs[log] = record["rule"], record["endtime"] - record["starttime"]
    taken = pd.DataFrame(jobs.values(), columns=["rule", "seconds"]).groupby("rule")["seconds"]
    rules = pd.read_csv(folder / "results" / dataset / "estimate" / "rules.csv").set_index("rule")
    rules = rules.assign(predicted=3600 * rules["core_hours"], taken=taken.sum())
    rules = rules.drop(index="compile_engine").dropna()
    return rules.groupby("family", sort=False)[["predicted", "taken"]].sum()


if __name__ == "__main__":
    families = compare(Path(sys.argv[1]), sys.argv[2])
    predicted, taken = families.sum()
    print(families.round(2).to_string(), f"\nall: {predicted:.0f} predicted, {taken:.0f} taken")
    if not 1 / FACTOR < predicted / taken < FACTOR:
        sys.exit(f"the estimate is wrong by more than a factor of {FACTOR}")
