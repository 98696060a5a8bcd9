"""The result files that claims are judged from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from spikegrad.claims.estimates import Values
from spikegrad.storage.tables import read_table


class ClaimError(ValueError):
    """A result file is absent or lacks what a claim needs; the message says which and what."""


class Tables:
    """Result tables by name, each of one or several files; read when asked for.

    Parameters
    ----------
    files
        The files of each table, .csv or .parquet. An empty list says that the study does not
        make it, by its settings.
    """

    def __init__(self, files: Mapping[str, Sequence[str]]) -> None:
        self._files = {name: tuple(paths) for name, paths in files.items()}
        self._read: dict[str, pd.DataFrame] = {}

    def files(self, *names: str) -> tuple[str, ...]:
        """The files behind the tables ``names``.

        Raises
        ------
        ClaimError
            If no files were named for one of them.
        """
        for name in names:
            if name not in self._files:
                raise ClaimError(f"table '{name}' is not among {', '.join(self._files)}")
        return tuple(path for name in names for path in self._files[name])

    def __getitem__(self, name: str) -> pd.DataFrame:
        """All rows of the table ``name``."""
        return pd.concat([self._table(path) for path in self.files(name)], ignore_index=True)

    def experiments(self, name: str) -> Iterator[tuple[str, pd.DataFrame]]:
        """Folder and rows of each file of the table ``name``."""
        for path in self.files(name):
            yield Path(path).parent.name, self._table(path)

    @cached_property
    def unit(self) -> str:
        """What a repetition of the study would draw anew: "searches", or "seeds" without any."""
        return "searches" if self._files.get("trials") else "seeds"

    @cached_property
    def _unit_of(self) -> pd.DataFrame:
        """The unit of each run, by neuron and seed."""
        runs = self["runs"]
        unit = runs["search"] if self.unit == "searches" else runs["seed"]
        return runs[["neuron", "seed"]].assign(unit=unit)

    def rows(self, name: str, *columns: str, **where: object) -> pd.DataFrame:
        """Rows of the table ``name`` whose columns have the values in ``where``.

        Raises
        ------
        ClaimError
            If there is no such row, or a column is absent.
        """
        table, source = self[name], " ".join(self.files(name)[:2])
        absent = {*columns, *where} - set(table)
        if absent:
            raise ClaimError(f"{source}: no column {', '.join(sorted(absent))}")
        found = table[(table[list(where)] == list(where.values())).all(axis=1)]
        if found.empty:
            wanted = ", ".join(f"{key} {value}" for key, value in where.items())
            raise ClaimError(f"{source}: no row of {wanted}")
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

    def _table(self, path: str) -> pd.DataFrame:
        if path not in self._read:
            if not Path(path).is_file():
                raise ClaimError(f"{path} does not exist; run the workflow to make it")
            self._read[path] = read_table(path)
        return self._read[path]
