"""Damaged checkpoints, tables and records: one error that names the file and what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from spikegrad.saving import CheckpointError, load_tensors, save_tensors
from study.search.trial_records import (
    RUNNING,
    Generation,
    RecordError,
    Trial,
    TrialRecord,
    read_generation,
    read_records,
    write_generation,
    write_record,
)
from study.storage.tables import READERS, read_file, read_table, write_table

TENSORS = {
    "weight": torch.arange(12.0).reshape(3, 4),
    "step": torch.tensor(3.0),
    "count": torch.tensor([1, 2]),
    "none": torch.zeros(0, 2, dtype=torch.float64),
}
HEADER = {"identity": "abc", "history": [{"loss": 0.1, "accuracy": None}, {"loss": float("inf")}]}


def test_tensors_are_kept(tmp_path: Path) -> None:
    save_tensors(tmp_path / "x.safetensors", TENSORS, HEADER)
    tensors, header = load_tensors(tmp_path / "x.safetensors")
    assert header == HEADER
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"]
    content = (tmp_path / "x.safetensors").read_bytes()
    for _ in range(5):  # safetensors would write two entries of a header in any order
        save_tensors(tmp_path / "x.safetensors", TENSORS, HEADER)
        assert (tmp_path / "x.safetensors").read_bytes() == content


def test_products_of_tensors_do_not_depend_on_the_header(tmp_path: Path) -> None:
    """Its length decides where in memory a tensor would lie, and so in which order BLAS adds up."""
    draw = torch.Generator().manual_seed(0)
    other, *rows = torch.randn(41, 731, dtype=torch.float64, generator=draw)
    products = set()
    for length in (0, 8):
        tensors = {str(number): row for number, row in enumerate(rows)}
        save_tensors(tmp_path / "x.safetensors", tensors, {"about": "x" * length})
        loaded, _ = load_tensors(tmp_path / "x.safetensors")
        products.add(tuple(float(other @ loaded[name]) for name in tensors))
    assert len(products) == 1


def test_tensors_that_are_cut_or_with_a_wrong_bit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, TENSORS, HEADER)
    content = path.read_bytes()
    wrong = bytearray(content)
    wrong[-3] ^= 1
    for damage in (content[:5], content[: len(content) // 2], content[:-1], bytes(wrong)):
        path.write_bytes(damage)
        with pytest.raises(CheckpointError, match=r"x\.safetensors: .*(delete it|has not written)"):
            load_tensors(path)


def test_records_cut_short_are_named(tmp_path: Path) -> None:
    trial = Trial(3, 7, {"network.tau": 0.1})
    folder, trials = tmp_path / "job0", tmp_path / "trials.json"
    write_record(
        folder, TrialRecord(trial, RUNNING, "", ({"validation_accuracy": 0.5},), {}, 1, 12, 0.5)
    )
    write_generation(trials, Generation((trial,), final=True))
    assert read_records([folder], [trial])[0].trial == trial
    assert read_generation(trials) == Generation((trial,), final=True)
    for file in (folder / "3-7.json", trials):
        content = file.read_bytes()
        for share in (0.9, 0.3, 0.0):
            file.write_bytes(content[: int(share * len(content))])
            with pytest.raises(RecordError, match=rf"{file.name}: no whole file of trials"):
                read_generation(file) if file == trials else read_records([folder], [trial])


@pytest.mark.parametrize("suffix", READERS)
def test_a_damaged_table_is_named_with_what_to_do(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x{suffix}"
    table = pd.DataFrame({"neuron": ["lif", "qif"] * 50, "loss": np.arange(100.0)})
    if suffix in (".json", ".yaml"):
        file.write_text('{"a": [1, 2], "b": 3}\n')
    else:
        write_table(table, file)
    read_file(file)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=rf"x{suffix}: damaged \(.*delete it, or the folder"):
        read_file(file)
    file.unlink()
    with pytest.raises(FileNotFoundError, match=f"x{suffix}"):
        read_file(file)


def test_a_wrong_bit_in_the_values_of_a_parquet_table_is_found(tmp_path: Path) -> None:
    table = pd.DataFrame({"loss": np.random.default_rng(0).normal(size=1000)})
    write_table(table, tmp_path / "x.parquet")
    content = (tmp_path / "x.parquet").read_bytes()
    place = content.index(table["loss"].to_numpy()[500].tobytes())
    (tmp_path / "x.parquet").write_bytes(content[:place] + b"?" + content[place + 1 :])
    with pytest.raises(ValueError, match="CRC checksum"):
        read_table(tmp_path / "x.parquet")
