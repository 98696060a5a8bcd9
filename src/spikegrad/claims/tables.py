"""The result files that claims are judged from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from spikegrad.claims.estimates import Values


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

    def by_seed(self, name: str, column: str, **where: str) -> Values:
        """Means of ``column`` over the rows of each seed, in order of seeds.

        Only rows whose columns have the values in ``where``; missing values are left out.

        Raises
        ------
        ClaimError
            If there is no such row.
        """
        return seed_means(self.rows(name, column, **where), column)

    def rows(self, name: str, *columns: str, **where: str) -> pd.DataFrame:
        """Rows of the table ``name`` whose columns have the values in ``where``.

        Raises
        ------
        ClaimError
            If there is no such row, or a column is absent.
        """
        table, source = self[name], " ".join(self.files(name)[:2])
        absent = {*columns, *where, "seed"} - set(table)
        if absent:
            raise ClaimError(f"{source}: no column {', '.join(sorted(absent))}")
        found = table[(table[list(where)] == list(where.values())).all(axis=1)]
        if found.empty:
            wanted = ", ".join(f"{key} {value}" for key, value in where.items())
            raise ClaimError(f"{source}: no row of {wanted}")
        return found

    def _table(self, path: str) -> pd.DataFrame:
        if path not in self._read:
            if not Path(path).is_file():
                raise ClaimError(f"{path} does not exist; run the workflow to make it")
            read = pd.read_csv if path.endswith(".csv") else pd.read_parquet
            self._read[path] = read(path)
        return self._read[path]


def seed_means(rows: pd.DataFrame, column: str) -> Values:
    """Mean of ``column`` over the rows of each seed; seeds without a value are left out."""
    return rows.groupby("seed")[column].mean().dropna().to_numpy(np.float64)
