"""Tables in files, whole or absent: Parquet or CSV, by the suffix."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from spikegrad.files import atomic


def _text(path: str | Path) -> str:
    """What is in ``path``; ValueError if its end is cut off, which CSV and YAML may survive."""
    text = Path(path).read_text()
    if not text.endswith("\n"):
        raise ValueError(f"{path}: its end is cut off")
    return text


def read_csv(path: str | Path, **options: Any) -> pd.DataFrame:
    """The table in a CSV file, whole; with pandas' ``options``."""
    return pd.read_csv(StringIO(_text(path)), **options)


def read_yaml(path: str | Path) -> Any:
    """The content of a YAML file, whole."""
    return yaml.safe_load(_text(path))


READERS: dict[str, Callable[[Path], Any]] = {
    ".parquet": lambda path: pd.read_parquet(path, page_checksum_verification=True),
    ".csv": read_csv,
    ".json": lambda path: json.loads(path.read_text()),
    ".yaml": read_yaml,
}
"""By suffix; spike files and tensors say by themselves that they are damaged."""


def read_file(file: str | Path) -> Any:
    """The content of a table, JSON or YAML ``file``; ValueError, naming it, if it is damaged."""
    path = Path(file)
    path.stat()  # FileNotFoundError with the file's name, which pyarrow's lacks
    try:
        return READERS[path.suffix](path)
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
