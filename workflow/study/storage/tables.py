"""Tables in files, whole or absent: Parquet or CSV, by the suffix; and which files are damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
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


def _read_parquet(path: Path) -> pd.DataFrame:
    path.stat()  # raises FileNotFoundError with the file's name, which pyarrow's lacks
    return pd.read_parquet(path, page_checksum_verification=True)


READERS: dict[str, Callable[[Path], Any]] = {
    ".parquet": _read_parquet,
    ".csv": read_csv,
    ".json": lambda path: json.loads(path.read_text()),
    ".yaml": read_yaml,
}
"""By suffix; spike files and tensors say by themselves that they are damaged."""


def read_table(*files: str | Path) -> pd.DataFrame:
    """All rows of one or several ``files``."""
    tables = [READERS[Path(file).suffix](Path(file)) for file in files]
    # those without rows are left out: their columns may have no type
    return pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)


def write_table(table: pd.DataFrame, file: str | Path, digits: int | None = None) -> None:
    """Write the rows of ``table``, without its index; numbers to so many ``digits``, if .csv."""
    with atomic(file) as part:
        if part.suffix == ".csv":
            table.to_csv(part, index=False, float_format=f"%.{digits}g" if digits else None)
        else:
            table.to_parquet(part, index=False, write_page_checksum=True)


def damaged(paths: Iterable[str | Path]) -> Iterator[str]:
    """A line for each table, JSON or YAML file of ``paths``, or in folders among them, that cannot
    be read: what to delete is what a job makes, the file or its whole folder."""
    for path in map(Path, paths):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            try:
                READERS.get(file.suffix, Path.exists)(file)
            except (MemoryError, ImportError):  # which are not about the file
                continue
            except Exception as problem:  # a damaged file may raise anything
                what = "it" if file == path else path
                yield f"{file} is damaged ({problem}); delete {what}, and snakemake makes it again"
