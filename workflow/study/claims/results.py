"""The result files that claims are judged from, and LIF beside each QIF model in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from study.claims import estimates
from study.claims.estimates import Estimate, Values
from study.storage.tables import read_table

LIF, QIF = "lif", ("qif", "qif_delta")  # the models that the claims are about

Units: TypeAlias = pd.Series
"""A number for each unit, by the unit."""

Cases = dict[str, Estimate]

NOTHING_MADE = "nothing in this study"
NO_LIF, NO_QIF = "no LIF networks in this study", "no QIF networks in this study"
NO_SEARCH = "no search in this study"
WITHOUT = (NO_LIF, NO_QIF, NO_SEARCH)
"""Cases of a study that lacks what a statement is about: it says nothing of the statement."""


class ClaimError(ValueError):
    """A result file is absent or lacks what a claim needs; the message says which and what."""


class NotMade(Exception):
    """By its settings the study lacks what a claim needs; the message is the name of its case."""


@dataclass
class Source:
    """What was read of a ``table``: ``columns``, of the rows picked by the values ``where``."""

    table: str
    files: tuple[str, ...]
    columns: list[str] = field(default_factory=list)
    where: dict[str, list[object]] = field(default_factory=dict)

    def add(self, columns: Iterable[str], where: Mapping[str, object]) -> None:
        self.columns += [name for name in columns if name not in self.columns]
        for name, value in where.items():
            values = self.where.setdefault(name, [])
            values += [value] * (value not in values)

    def __str__(self) -> str:
        picked = [f"{name} {' or '.join(map(str, values))}" for name, values in self.where.items()]
        return ", ".join(self.columns) + (f" where {', '.join(picked)}" if picked else "")


class Tables:
    """Result tables by name, each of one or several files; read when asked for.

    No file in the list of a table says that the study does not make it, by its settings. ``seed``
    is that of random permutations.
    """

    def __init__(self, files: Mapping[str, Sequence[str]], seed: int) -> None:
        self._files = {name: tuple(paths) for name, paths in files.items()}
        self._seed = seed
        self._read: dict[tuple[str, ...], pd.DataFrame] = {}
        self._sources: dict[tuple[str, ...], Source] = {}

    def read(self, files: tuple[str, ...]) -> pd.DataFrame:
        if files not in self._read:
            for path in files:
                if not Path(path).is_file():
                    raise ClaimError(f"{path} does not exist; run the workflow to make it")
            self._read[files] = read_table(*files)
        return self._read[files]

    def files(self, name: str) -> tuple[str, ...]:
        """The files behind the table ``name``; ClaimError if none were named for it."""
        if name not in self._files:
            raise ClaimError(f"table '{name}' is not among {', '.join(self._files)}")
        return self._files[name]

    def take_sources(self) -> list[Source]:
        """What was read since this was last asked for."""
        taken, self._sources = self._sources, {}
        return list(taken.values())

    def matching_rows(self, name: str, *columns: str, **where: object) -> pd.DataFrame:
        """Rows of the table ``name`` whose columns have the values in ``where``, if there are any;
        ClaimError if a column is absent, NotMade if the study has no such table."""
        return self._pick(name, self.files(name), columns, where)

    def rows(self, name: str, *columns: str, **where: object) -> pd.DataFrame:
        """As :meth:`matching_rows`; no row at all is a ClaimError, too."""
        found = self.matching_rows(name, *columns, **where)
        if found.empty:
            wanted = ", ".join(f"{key} {value}" for key, value in where.items())
            raise ClaimError(f"{' '.join(self.files(name)[:2])}: no row of {wanted}")
        return found

    def experiments(
        self, name: str, *columns: str, **where: object
    ) -> Iterator[tuple[str, pd.DataFrame]]:
        """Folder of each file of the table ``name``, and its rows by :meth:`matching_rows`."""
        for path in self.files(name):
            yield Path(path).parent.name, self._pick(name, (path,), columns, where)

    def _pick(
        self, name: str, files: tuple[str, ...], columns: Sequence[str], where: Mapping[str, object]
    ) -> pd.DataFrame:
        if not files:
            raise NotMade(NOTHING_MADE)
        table = self.read(files)
        absent = {*columns, *where} - set(table)
        if absent:
            raise ClaimError(f"{' '.join(files[:2])}: no column {', '.join(sorted(absent))}")
        source = self._sources.setdefault((name, *where), Source(name, self.files(name)))
        source.add(columns, where)
        return table[(table[list(where)] == list(where.values())).all(axis=1)]

    @cached_property
    def unit(self) -> str:
        """What a repetition of the study would draw anew: "folds" where there are several, whose
        speakers differ; else "searches", or "seeds" without any."""
        runs = self.read(self.files("runs"))
        if "fold" in runs and len(set(runs["fold"])) > 1:
            return "folds"
        return "searches" if self._files.get("stability") else "seeds"

    @property
    def unit_column(self) -> str:
        """The column of the runs' table that tells units apart."""
        return {"folds": "fold", "searches": "search", "seeds": "seed"}[self.unit]

    def _with_units(self, rows: pd.DataFrame) -> pd.DataFrame:
        runs = self.read(self.files("runs"))
        columns = {"unit": runs[self.unit_column], "search": runs.get("search", 0)}
        units = runs[["neuron", "seed"]].assign(**columns)
        return rows.merge(units, on=["neuron", "seed"], validate="many_to_one")

    def units(self, rows: pd.DataFrame, column: str) -> Units:
        """One value of ``column`` for each unit: means over a seed's ``rows``, then over the seeds
        of a search, then over a unit's searches.

        ``rows`` have the columns neuron and seed. Units without any value are left out.
        """
        seeds = rows.groupby(["neuron", "seed"], as_index=False)[column].mean()
        by_search = self._with_units(seeds).groupby(["unit", "search"], dropna=False)[column].mean()
        return by_search.groupby("unit").mean().dropna()

    def unit_ratios(self, rows: pd.DataFrame, over: str, under: str) -> Units:
        """For each unit, the sum of ``over`` over that of ``under``, of all its ``rows``.

        Units in which there is nothing below the line are left out.
        """
        sums = self._with_units(rows).groupby("unit")[[over, under]].sum()
        sums = sums[sums[under] > 0]
        return sums[over] / sums[under]

    def share(self, rows: pd.DataFrame, column: str) -> Estimate:
        """The mean of ``column``, a share, over units."""
        return estimates.share(_values(self.units(rows, column)), self.unit)

    def ratio(self, rows: pd.DataFrame, over: str, under: str) -> Estimate:
        """The mean of :meth:`unit_ratios`, which are shares."""
        return estimates.share(_values(self.unit_ratios(rows, over, under)), self.unit)

    def mean(self, units: Units, within: tuple[float, float] = (-np.inf, np.inf)) -> Estimate:
        """The mean over units of what always lies ``within`` two numbers."""
        return estimates.mean(_values(units), self.unit, within)

    def difference(self, first: Units, second: Units) -> Estimate:
        """Mean of ``first`` minus mean of ``second``, paired where both have the same units: folds,
        of which those are taken that both have."""
        if self.unit == "folds":
            return estimates.paired_difference(
                _values((first - second).dropna()), self._seed, self.unit
            )
        return estimates.difference(_values(first), _values(second), self._seed, self.unit)

    def difference_within(self, first: Units, second: Units) -> Estimate | None:
        """As :meth:`difference` of values by unit and search, paired by search: what a repetition
        of the searches alone, in the same units, would draw anew. None where no unit has two."""
        gains = (first - second).dropna()
        strata = [own.to_numpy(np.float64) for _, own in gains.groupby(level=0)]
        if all(len(own) < 2 for own in strata):
            return None
        return estimates.within_strata(strata, f"searches within {self.unit}")

    def lif_cases(self, find: Callable[[], Cases]) -> Cases:
        """What ``find`` says of the study's LIF networks, if there are any."""
        if not (self.matching_rows("runs", "neuron")["neuron"] == LIF).any():
            raise NotMade(NO_LIF)
        return find()

    @property
    def qif_models(self) -> list[str]:
        """The QIF models of the study."""
        neurons = self.matching_rows("runs", "neuron")["neuron"].unique()
        return [neuron for neuron in neurons if neuron in QIF]

    def qif_cases(self, find: Callable[[str], Cases]) -> Cases:
        """What ``find`` says of each QIF model of the study."""
        models = self.qif_models
        if not models:
            raise NotMade(NO_QIF)
        return {
            f"{qif}: {case}": estimate for qif in models for case, estimate in find(qif).items()
        }

    def comparisons(self, compare: Callable[[str], Cases]) -> Cases:
        """What ``compare`` finds of LIF beside each QIF model of the study."""
        return self.lif_cases(lambda: self.qif_cases(compare))

    def lif_minus_qif(
        self, values: Callable[..., Units], cases: Mapping[str, tuple[Any, ...]]
    ) -> Cases:
        """Differences of ``values(neuron, *case)``, one for each unit, by the name of the case."""
        return self.comparisons(
            lambda qif: {
                name: self.difference(values(LIF, *case), values(qif, *case))
                for name, case in cases.items()
            }
        )


def _values(units: Units) -> Values:
    return units.to_numpy(np.float64)
