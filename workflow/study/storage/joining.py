"""Tables of several jobs, joined."""

from __future__ import annotations

import pandas as pd


def join(sorted_by: list[str], **tables: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The ``tables`` with those columns of ``sorted_by`` that they have first, and in that order;
    rows stay as they are if there is none."""
    return {name: _sorted(table, sorted_by) for name, table in tables.items()}


def _sorted(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    keys = [key for key in by if key in table]
    if not keys:
        return table
    table = table.sort_values(keys, ignore_index=True)
    return table[[*keys, *table.columns.drop(keys)]]
