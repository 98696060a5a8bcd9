"""Tables in files, whole or absent: Parquet or CSV, by the suffix."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from spikegrad.files import atomic


def _text(path: Path) -> str:
    """What is in ``path``; ValueError if its end is cut off, which CSV and YAML may survive."""
    text = path.read_text()
    if not text.endswith("\n"):
        raise ValueError("its end is cut off")
    return text


READERS: dict[str, Callable[..., Any]] = {
    ".parquet": partial(pd.read_parquet, page_checksum_verification=True),
    ".csv": lambda path, **options: pd.read_csv(StringIO(_text(path)), **options),
    ".json": lambda path: json.loads(path.read_text()),
    ".yaml": lambda path: yaml.safe_load(_text(path)),
}
"""By suffix; spike files and tensors say by themselves that they are damaged."""


def read_file(file: str | Path, **options: Any) -> Any:
    """The content of a table, JSON or YAML ``file``; ValueError, naming it, if it is damaged.

    ``options`` are pandas' for tables.
    """
    path = Path(file)
    path.stat()  # FileNotFoundError with the file's name, which pyarrow's lacks
    try:
        return READERS[path.suffix](path, **options)
    except (ValueError, OSError, yaml.YAMLError) as problem:
        raise ValueError(
            f"{path}: damaged ({problem}); delete it, or the folder that its job makes, and"
            " snakemake makes it again"
        ) from None


def read_table(*files: str | Path) -> pd.DataFrame:
    """All rows of one or several ``files``."""
    tables = [read_file(file) for file in files]
    # those without rows are left out: their columns may have no type
    return pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)


def write_table(table: pd.DataFrame, file: str | Path, digits: int | None = None) -> None:
    """Write the rows of ``table``, without its index; numbers to so many ``digits``, if .csv."""
    with atomic(file) as part:
        if part.suffix == ".csv":
            table.to_csv(part, index=False, float_format=f"%.{digits}g" if digits else None)
        else:
            table.to_parquet(part, index=False, write_page_checksum=True)
