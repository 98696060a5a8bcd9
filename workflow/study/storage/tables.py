"""Tables in files, whole or absent; their suffix says how: .parquet or .csv."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from spikegrad.files import atomic

READERS = {".parquet": pd.read_parquet, ".csv": pd.read_csv}


def read_table(*files: str | Path) -> pd.DataFrame:
    """All rows of one or several ``files``."""
    tables = [READERS[Path(file).suffix](file) for file in files]
    # those without rows are left out: their columns may have no type
    return pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)


def write_table(table: pd.DataFrame, file: str | Path, digits: int | None = None) -> None:
    """Write the rows of ``table``, without its index; numbers to so many ``digits``, if .csv."""
    with atomic(file) as part:
        if part.suffix == ".csv":
            table.to_csv(part, index=False, float_format=f"%.{digits}g" if digits else None)
        else:
            table.to_parquet(part, index=False)
