"""Damaged HDF5 files: each gives one error that names the file, or the data that were in it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from spikefiles import original_file, shd_file
from spikegrad.settings import validate
from study.config.data import DataConfig
from study.data.dataset import load
from study.data.hdf5 import _unpacked
from study.data.layout import DataError, Sample, open_spike_file
from study.data.prepare import prepare

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


def moved(path: Path, name: str, put: Callable[[h5py.File, str, Path], None]) -> Path:
    """A spike file whose array ``name`` has gone where ``put`` says."""
    shd_file(path, per_class=1)
    other = path.with_name("other.h5")
    with h5py.File(path, "r+") as file, h5py.File(other, "w") as there:
        file.copy(name, there, "x")
        del file[name]
        put(file, name, other)
    return path


def link_outside(file: h5py.File, name: str, other: Path) -> None:
    file[name] = h5py.ExternalLink(str(other), "/x")


def link_within(file: h5py.File, name: str, other: Path) -> None:
    file["elsewhere"] = np.zeros(12)
    file[name] = h5py.SoftLink("/elsewhere")


def virtual(file: h5py.File, name: str, other: Path) -> None:
    layout = h5py.VirtualLayout((12,), np.uint16)
    layout[:] = h5py.VirtualSource("absent.h5", "x", (12,))  # reads as zeros
    file.create_virtual_dataset(name, layout)


def stored_outside(file: h5py.File, name: str, other: Path) -> None:
    file.create_dataset(name, (12,), np.uint16, external=[(str(other), 0, 24)])


@pytest.mark.parametrize("put", [link_outside, link_within, virtual, stored_outside])
@pytest.mark.parametrize("name", ["labels", "spikes/times"])
def test_arrays_outside_the_file_are_refused(tmp_path: Path, name: str, put) -> None:
    path = moved(tmp_path / "x.h5", name, put)
    with pytest.raises(DataError, match=r"is a link|is virtual|is stored in another file"):
        read_all(path)


def test_a_group_in_another_file_is_refused(tmp_path: Path) -> None:
    path, other = shd_file(tmp_path / "x.h5"), shd_file(tmp_path / "other.h5")
    with h5py.File(path, "r+") as file:
        del file["spikes"]
        file["spikes"] = h5py.ExternalLink(str(other), "/spikes")
    with pytest.raises(DataError, match=r"'/spikes' is a link, to .*other\.h5"):
        read_all(path)


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.h5")
    with pytest.raises(DataError, match=r"x\.h5: not a file with contents"):
        read_all(tmp_path / "x.h5")


def test_a_small_file_does_not_take_gigabytes(tmp_path: Path) -> None:
    """A chunk of zeros packs to a thousandth, and all of it is unpacked to read one entry."""
    path = shd_file(tmp_path / "x.h5", per_class=1)
    with h5py.File(path, "r+") as file:
        labels = file["labels"][()]
        del file["labels"]
        options = {"maxshape": (None,), "compression": "gzip"}
        file.create_dataset("labels", data=labels, chunks=(2**26,), **options)
    assert path.stat().st_size < 2_000_000
    with pytest.raises(DataError, match="has chunks of 67108864 entries"):
        read_all(path)


FILTERS = [{"compression": "gzip"}, {"shuffle": True, "compression": 9}]


@pytest.mark.parametrize("filters", FILTERS, ids=["gzip", "shuffle"])
def test_rows_behind_filters_are_read_and_checked(tmp_path: Path, filters) -> None:
    """Filters pack the table of the rows; a row that claims four billion numbers is found in it."""
    path = shd_file(tmp_path / "x.h5", per_class=1)
    expected = read_all(path)
    with h5py.File(path, "r+") as file:
        for name in ("spikes/times", "spikes/units"):
            values, kind = file[name][()], file[name].dtype
            del file[name]
            file.create_dataset(name, data=values, dtype=kind, chunks=(5,), **filters)
    found = read_all(path)
    assert all((a.times == b.times).all() for a, b in zip(found, expected, strict=True))
    with h5py.File(path, "r+") as file:
        rows = file["spikes/times"]
        table = _unpacked(rows, (5,)).copy()
        table["length"][1] = 2**32 - 1
        rows.id.write_direct_chunk((5,), table.tobytes(), filter_mask=2**32 - 1)
    with pytest.raises(DataError, match="row 6 of '/spikes/times' is not where the file says"):
        read_all(path)


def test_rows_behind_an_unknown_filter_are_refused(tmp_path: Path) -> None:
    path = shd_file(tmp_path / "x.h5", per_class=1)
    with h5py.File(path, "r+") as file:
        values, kind = file["spikes/times"][()], file["spikes/times"].dtype
        del file["spikes/times"]
        file.create_dataset("spikes/times", data=values, dtype=kind, compression="lzf")
    with pytest.raises(DataError, match="h5repack -f NONE"):
        read_all(path)
