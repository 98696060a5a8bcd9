"""Damaged HDF5 files: each gives one error that names the file, or the data that were in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from spikefiles import original_file, shd_file
from spikegrad.config.base import validate
from spikegrad.config.data import DataConfig
from spikegrad.data.dataset import load
from spikegrad.data.layout import DataError, Sample, open_spike_file
from spikegrad.data.prepare import prepare

CORPUS = Path(__file__).parent / "corpus" / "hdf5"
MAKERS: dict[str, Callable[[Path], Path]] = {
    "ours": lambda path: shd_file(path, per_class=1),
    "as published": lambda path: original_file(path, 12, 3),
}


def read_all(path: Path) -> list[Sample]:
    with open_spike_file(path) as spikes:
        return list(spikes.samples(np.ones(len(spikes), bool), 700, 1.4))


def refused(read: Callable[[], object], path: Path) -> bool:
    """Whether ``read`` ends in the one error there should be; any other one fails the test."""
    try:
        read()
    except DataError as error:
        message = str(error)
    else:
        return False
    assert path.name in message
    assert "\n" not in message
    return True


def flipped(content: bytes, draw: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(draw.choice([1, 1, 1, 4, 64])):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


@pytest.mark.parametrize("file", sorted(CORPUS.iterdir()), ids=lambda file: file.stem)
def test_files_that_once_hung_or_crashed(file: Path) -> None:
    assert refused(lambda: read_all(file), file)


@pytest.mark.parametrize("maker", MAKERS)
def test_spike_files_cut_anywhere_are_refused(tmp_path: Path, maker: str) -> None:
    content = MAKERS[maker](tmp_path / "whole.h5").read_bytes()
    cut = tmp_path / "cut.h5"
    for length in (*range(1, 8), *range(8, len(content), 89), len(content) - 1):
        cut.write_bytes(content[:length])
        assert refused(lambda: read_all(cut), cut), length


@pytest.mark.parametrize("maker", MAKERS)
def test_spike_files_with_wrong_bits_are_refused_or_read(tmp_path: Path, maker: str) -> None:
    content, draw = MAKERS[maker](tmp_path / "whole.h5").read_bytes(), random.Random(0)
    path = tmp_path / "flipped.h5"
    outcomes = []
    for _ in range(500):
        path.write_bytes(flipped(content, draw))
        outcomes.append(refused(lambda: read_all(path), path))
    assert {True, False} == set(outcomes)


NAMES = ["spikes/times", "spikes/units", "labels", "extra/speaker", "extra/keys"]
WRONG: dict[str, Any] = {
    "a number": np.float64(1),
    "a matrix": np.zeros((12, 2)),
    "text": np.array([b"x"] * 12),
    "complex numbers": np.zeros(12, np.complex128),
    "records": np.zeros(12, [("a", "i4"), ("b", "f8")]),
    "nothing": h5py.Empty("f8"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_wrong_type_are_refused(tmp_path: Path, name: str, wrong: str) -> None:
    path = shd_file(tmp_path / "x.h5", per_class=1)
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = WRONG[wrong]
    if (name, wrong) == ("extra/keys", "text"):
        assert len(read_all(path)) == 12  # the right type
    else:
        assert refused(lambda: read_all(path), path)


@pytest.mark.parametrize("name", NAMES)
def test_a_group_for_an_array_is_refused(tmp_path: Path, name: str) -> None:
    path = shd_file(tmp_path / "x.h5", per_class=1)
    with h5py.File(path, "r+") as file:
        del file[name]
        file.create_group(name)
    assert refused(lambda: read_all(path), path)


def test_arrays_that_claim_more_than_the_file_holds_are_refused(tmp_path: Path) -> None:
    """Chunks that were never written take no room, so that a small file may claim terabytes."""
    path = tmp_path / "x.h5"
    types = {
        "spikes/times": h5py.vlen_dtype(np.float32),
        "spikes/units": h5py.vlen_dtype(np.uint16),
        "labels": np.uint16,
        "extra/speaker": np.uint16,
        "extra/keys": h5py.string_dtype(),
    }
    with h5py.File(path, "w") as file:
        for name, dtype in types.items():
            file.create_dataset(name, (10**12,), dtype, chunks=(1024,))
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"claims 1000000000000 entries"):
        read_all(path)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    train, test = shd_file(folder / "train.h5", 1), shd_file(folder / "test.h5", 2)
    files = {"train": str(train), "test": str(test)}
    config = validate(
        DataConfig, {"source": "files", "files": files, "n_units": 30, "duration": 1.0}
    )
    prepare("files-ü", config, train, test, folder / "events.h5")
    return folder / "events.h5"


def test_prepared_files_with_wrong_bits_are_refused(prepared: Path, tmp_path: Path) -> None:
    """Checksums: whatever is read is what was written."""
    content, draw = prepared.read_bytes(), random.Random(0)
    whole = load(prepared, "train")
    path = tmp_path / "events.h5"
    path.write_bytes(content)
    assert not refused(lambda: load(path, "train"), path)
    outcomes = []
    for _ in range(500):
        path.write_bytes(flipped(content, draw))
        outcomes.append(refused(lambda: load(path, "train"), path))
        if not outcomes[-1]:
            read = load(path, "train")
            assert torch.equal(read.spikes.times, whole.spikes.times)
            assert torch.equal(read.spikes.units, whole.spikes.units)
            assert torch.equal(read.spikes.offsets, whole.spikes.offsets)
            assert torch.equal(read.labels, whole.labels)
            assert torch.equal(read.speakers, whole.speakers)
            assert (read.name, read.class_names) == (whole.name, whole.class_names)
            assert (read.n_units, read.n_classes) == (whole.n_units, whole.n_classes)
            assert read.spikes.duration == whole.spikes.duration
    assert sum(outcomes) > 450


def test_prepared_files_cut_anywhere_are_refused(prepared: Path, tmp_path: Path) -> None:
    content = prepared.read_bytes()
    path = tmp_path / "events.h5"
    for length in (*range(1, 8), *range(8, len(content), len(content) // 100), len(content) - 1):
        path.write_bytes(content[:length])
        assert refused(lambda: load(path, "train"), path), length
