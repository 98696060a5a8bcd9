"""The result files that claims are judged from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from study.claims.estimates import Values
from study.storage.tables import read_table


class ClaimError(ValueError):
    """A result file is absent or lacks what a claim needs; the message says which and what."""


@dataclass
class Source:
    """What was read of one table, of rows that were picked by the same columns.

    Attributes
    ----------
    table
        Its name.
    files
        Its files.
    columns
        Names of the columns, in the order in which they were first asked for.
    where
        The values that picked the rows, by column.
    """

    table: str
    files: tuple[str, ...]
    columns: list[str] = field(default_factory=list)
    where: dict[str, list[object]] = field(default_factory=dict)

    def add(self, columns: Iterable[str], where: Mapping[str, object]) -> None:
        """``columns`` were read of the rows ``where``."""
        self.columns += [name for name in columns if name not in self.columns]
        for name, value in where.items():
            values = self.where.setdefault(name, [])
            values += [value] * (value not in values)

    def __str__(self) -> str:
        picked = [f"{name} {' or '.join(map(str, values))}" for name, values in self.where.items()]
        return ", ".join(self.columns) + (f" where {', '.join(picked)}" if picked else "")


class Tables:
    """Result tables by name, each of one or several files; read when asked for.

    What is read of them is noted, see :meth:`take_sources`.

    Parameters
    ----------
    files
        The files of each table, .csv or .parquet. An empty list says that the study does not
        make it, by its settings.
    """

    def __init__(self, files: Mapping[str, Sequence[str]]) -> None:
        self._files = {name: tuple(paths) for name, paths in files.items()}
        self._read: dict[str, pd.DataFrame] = {}
        self._sources: dict[tuple[str, ...], Source] = {}

    def files(self, name: str) -> tuple[str, ...]:
        """The files behind the table ``name``.

        Raises
        ------
        ClaimError
            If no files were named for it.
        """
        if name not in self._files:
            raise ClaimError(f"table '{name}' is not among {', '.join(self._files)}")
        return self._files[name]

    def take_sources(self) -> list[Source]:
        """What was read since this was last asked for."""
        taken, self._sources = self._sources, {}
        return list(taken.values())

    def experiments(
        self, name: str, *columns: str, **where: object
    ) -> Iterator[tuple[str, pd.DataFrame]]:
        """Folder of each file of the table ``name``, and its rows as :meth:`some` has them."""
        for path in self.files(name):
            yield Path(path).parent.name, self._pick(name, (path,), columns, where)

    def some(self, name: str, *columns: str, **where: object) -> pd.DataFrame:
        """Rows of the table ``name`` whose columns have the values in ``where``, if there are any.

        Raises
        ------
        ClaimError
            If a column is absent.
        """
        return self._pick(name, self.files(name), columns, where)

    @cached_property
    def unit(self) -> str:
        """What a repetition of the study would draw anew: "searches", or "seeds" without any."""
        return "searches" if self._files.get("trials") else "seeds"

    @cached_property
    def _unit_of(self) -> pd.DataFrame:
        """The unit of each run, by neuron and seed."""
        runs = self._whole(self.files("runs"))
        unit = runs["search"] if self.unit == "searches" else runs["seed"]
        return runs[["neuron", "seed"]].assign(unit=unit)

    def rows(self, name: str, *columns: str, **where: object) -> pd.DataFrame:
        """As :meth:`some`, of which there must be one.

        Raises
        ------
        ClaimError
            If there is no such row, or a column is absent.
        """
        found = self.some(name, *columns, **where)
        if found.empty:
            wanted = ", ".join(f"{key} {value}" for key, value in where.items())
            raise ClaimError(f"{' '.join(self.files(name)[:2])}: no row of {wanted}")
        return found

    def units(self, rows: pd.DataFrame, column: str) -> Values:
        """One value of ``column`` for each unit: means over a seed's ``rows``, then over seeds.

        ``rows`` have the columns neuron and seed. Units without any value are left out.
        """
        seeds = rows.groupby(["neuron", "seed"], as_index=False)[column].mean()
        return self._of_units(seeds, column).mean().dropna().to_numpy(np.float64)

    def unit_ratios(self, rows: pd.DataFrame, over: str, under: str) -> Values:
        """For each unit, the sum of ``over`` over that of ``under``, of all its ``rows``.

        Units in which there is nothing below the line are left out.
        """
        whole = rows.merge(self._unit_of, on=["neuron", "seed"], validate="many_to_one")
        sums = whole.groupby("unit")[[over, under]].sum()
        sums = sums[sums[under] > 0]
        return (sums[over] / sums[under]).to_numpy(np.float64)

    def _of_units(self, seeds: pd.DataFrame, column: str) -> pd.core.groupby.SeriesGroupBy:
        whole = seeds.merge(self._unit_of, on=["neuron", "seed"], validate="many_to_one")
        return whole.groupby("unit")[column]

    def _pick(
        self,
        name: str,
        files: tuple[str, ...],
        columns: tuple[str, ...],
        where: Mapping[str, object],
    ) -> pd.DataFrame:
        table = self._whole(files)
        absent = {*columns, *where} - set(table)
        if absent:
            raise ClaimError(f"{' '.join(files[:2])}: no column {', '.join(sorted(absent))}")
        source = self._sources.setdefault((name, *where), Source(name, self.files(name)))
        source.add(columns, where)
        return table[(table[list(where)] == list(where.values())).all(axis=1)]

    def _whole(self, files: tuple[str, ...]) -> pd.DataFrame:
        return pd.concat([self._table(path) for path in files], ignore_index=True)

    def _table(self, path: str) -> pd.DataFrame:
        if path not in self._read:
            if not Path(path).is_file():
                raise ClaimError(f"{path} does not exist; run the workflow to make it")
            self._read[path] = read_table(path)
        return self._read[path]
