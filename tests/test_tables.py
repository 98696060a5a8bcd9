"""Tables in files: what is written is read again, from one file or several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.storage.tables import read_table, write_table

TABLE = pd.DataFrame({"neuron": ["lif", "qif"], "seed": [0, 1], "loss": [1 / 3, np.nan]})


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_rows_survive_and_the_index_does_not(tmp_path: Path, suffix: str):
    parts = [tmp_path / f"{name}{suffix}" for name in ("all", "last", "none")]
    for part, rows in zip(parts, (slice(None), slice(1, None), slice(0)), strict=True):
        write_table(TABLE[rows], part)
    pd.testing.assert_frame_equal(read_table(parts[0]), TABLE)
    pd.testing.assert_frame_equal(read_table(parts[1]), TABLE[1:].reset_index(drop=True))
    twice = pd.concat([TABLE, TABLE[1:]], ignore_index=True)
    pd.testing.assert_frame_equal(read_table(*parts), twice)
    assert list(read_table(parts[2])) == list(TABLE)


def test_digits_are_those_asked_for(tmp_path: Path):
    write_table(TABLE, tmp_path / "table.csv", digits=3)
    assert (tmp_path / "table.csv").read_text() == "neuron,seed,loss\nlif,0,0.333\nqif,1,\n"


def test_a_table_without_columns_can_be_kept(tmp_path: Path):
    """What is left of networks none of which gave an answer."""
    write_table(pd.DataFrame(), tmp_path / "none.parquet")
    assert read_table(tmp_path / "none.parquet").empty
