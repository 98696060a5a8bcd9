"""The tables of a study, below results/ or published below docs/results/, and what they hold."""

from __future__ import annotations

import pkgutil
import platform
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import study
from study.config.data import OWN
from study.config.neurons import NEURON_STYLES
from study.storage.columns import Table
from study.storage.tables import read_table
from study.training.summary import UNITS, unit_of

CONFIG = "study.yaml"
"""The whole configuration of the study, beside its tables."""

HOURS_TABLE = Table(
    files=("hours.csv", "ntk/hours.csv", "joining/hours.csv"),
    says="What the study has cost.",
    columns={
        "family": "folder of benchmarks; all is the sum",
        "part": "what of training and variants: the neuron model, after the variant and its case",
        "jobs": "how many were measured",
        "core_hours": "hours of processor time",
    },
)


@dataclass(frozen=True)
class StudyTables:
    """What the study in ``folder`` has found."""

    folder: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        return yaml.safe_load((self.folder / CONFIG).read_text())

    @property
    def whole(self) -> StudyTables:
        """The study that has these tables in a folder of its own."""
        return StudyTables(self.folder.parent)

    def has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def table(self, name: str) -> pd.DataFrame:
        """The table of a file such as "training/runs.csv"."""
        return read_table(self.folder / name)

    @cached_property
    def variants(self) -> dict[str, pd.DataFrame]:
        """The runs of each variant, by the name of its table; ranks.csv is no such table."""
        files = sorted(self.folder.glob("variants/*.csv"))
        tables = {file.stem: pd.read_csv(file, dtype={"to": str}) for file in files}
        return {
            name: table.fillna({"to": ""}) for name, table in tables.items() if "outcome" in table
        }

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Scores of all final networks, with what their training has reached."""
        reached = self.table("training/reached.csv")
        columns = ["neuron", "seed", "training_accuracy", "late_gain"]
        return self.table("training/runs.csv").merge(reached[columns], on=["neuron", "seed"])

    @cached_property
    def folds(self) -> list[str]:
        """The study's outer folds; one if its networks were not trained in several."""
        return list(dict.fromkeys(self.runs.get("fold", [OWN])))

    @property
    def unit(self) -> str:
        """What intervals are over, in the plural."""
        return UNITS[unit_of(self.runs)]

    @cached_property
    def neurons(self) -> list[str]:
        """The study's neuron models, LIF first."""
        return [neuron for neuron in NEURON_STYLES if neuron in set(self.runs["neuron"])]

    @cached_property
    def claims(self) -> pd.DataFrame:
        """All claims of the papers that the study has judged."""
        names = ("claims.csv", "ntk/claims.csv", "joining/claims.csv")
        return read_table(*[self.folder / name for name in names if self.has(name)])

    def lower(self, pattern: str) -> list[str]:
        """Files that ``pattern`` matches, relative to the folder."""
        return [str(file.relative_to(self.folder)) for file in sorted(self.folder.glob(pattern))]


def core_hours(folder: Path) -> pd.DataFrame:
    """Hours of processor time, from Snakemake's tables below ``folder``, that of its benchmarks.

    Columns family (of rules), part, jobs, core_hours; the last row is the sum.
    """
    rows = []
    for file in sorted(folder.rglob("*.tsv")):
        family, *part = file.relative_to(folder).parts[:-1] or ("data",)
        of = "/".join(part) if family in ("training", "variants") else ""
        rows.append((family, of, pd.read_csv(file, sep="\t")["cpu_time"].iloc[-1] / 3600))
    table = pd.DataFrame(rows, columns=["family", "part", "core_hours"])
    sums = table.groupby(["family", "part"])["core_hours"].agg(jobs="size", core_hours="sum")
    sums.loc[("all", ""), :] = sums.sum()
    return sums.astype({"jobs": int}).reset_index()


def software(machines: Iterable[str]) -> dict[str, Any]:
    """Versions of Python and all packages, and how often each type of processor is among
    ``machines``: of each network those on which it was trained, see :func:`machine.machine`."""
    packages = {f"{found.name} {found.version}" for found in distributions()}
    return {
        "python": platform.python_version(),
        "processors": dict(Counter(sorted(machine.split(": ")[-1] for machine in machines))),
        "packages": sorted(packages, key=str.lower),
    }


def declared() -> list[Table]:
    """All declarations, by the first of their files."""
    names = [m.name for m in pkgutil.walk_packages(study.__path__, "study.") if not m.ispkg]
    found = {
        value.files: value
        for name in names
        for value in vars(import_module(name)).values()
        if isinstance(value, Table)
    }
    return sorted(found.values())


def dictionary() -> str:
    """Every table and column, as Markdown."""
    text = [
        "# Tables\n\nEvery table that a study writes, below `results/<dataset>/`; `*` stands for"
        " neuron models, seeds, jobs and experiments. pandas reads both CSV and Parquet.\n"
    ]
    for table in declared():
        names = ", ".join(f"`{name}`" for name in table.files)
        text.append(f"\n## {table.files[0]}\n\n{names}: {table.says}\n")
        text.append("\n| column | meaning |\n|---|---|\n")
        text += [f"| `{name}` | {meaning} |\n" for name, meaning in table.columns.items()]
    return "".join(text)


if __name__ == "__main__":  # python -m study.report.study, in the repository's root
    Path("docs/tables.md").write_text(dictionary())
