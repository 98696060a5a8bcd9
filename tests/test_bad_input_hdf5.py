"""Damaged HDF5 files: each gives one error that names the file, or the data that were in it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from spikefiles import original_file, prepared_file, read_all, shd_file
from study.data.dataset import SpikeDataset, load
from study.data.hdf5 import _chunk
from study.data.layout import DataError

CORPUS = Path(__file__).parent / "corpus" / "hdf5"
MAKERS: dict[str, Callable[[Path], Path]] = {
    "ours": lambda path: shd_file(path, per_class=1),
    "as published": lambda path: original_file(path, 12, 3),
    "prepared": lambda path: prepared_file(path.parent).rename(path),
}


def read_train(path: Path) -> SpikeDataset:
    return load(path, path.with_name("split.parquet"), "train")


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


def flipped(content: bytes, n: int) -> Iterator[bytes]:
    """``content`` with some wrong bits, ``n`` times."""
    draw = random.Random(0)
    for _ in range(n):
        damaged = bytearray(content)
        for _ in range(draw.choice([1, 1, 1, 4, 64])):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        yield bytes(damaged)


FLIPS = pytest.mark.parametrize("n", [100, pytest.param(2000, marks=pytest.mark.weekly)])


@pytest.mark.parametrize("file", sorted(CORPUS.iterdir()), ids=lambda file: file.stem)
def test_files_that_once_hung_or_crashed(file: Path) -> None:
    assert refused(lambda: read_all(file), file)


@pytest.mark.parametrize("maker", MAKERS)
def test_files_cut_anywhere_are_refused(tmp_path: Path, maker: str) -> None:
    content = MAKERS[maker](tmp_path / "whole.h5").read_bytes()
    cut, read = tmp_path / "cut.h5", read_train if maker == "prepared" else read_all
    for length in (*range(1, 8), *range(8, len(content), len(content) // 80), len(content) - 1):
        cut.write_bytes(content[:length])
        assert refused(lambda: read(cut), cut), length


@FLIPS
@pytest.mark.parametrize("maker", ["ours", "as published"])
def test_spike_files_with_wrong_bits_are_refused_or_read(
    tmp_path: Path, maker: str, n: int
) -> None:
    path = MAKERS[maker](tmp_path / "flipped.h5")
    outcomes = set()
    for damaged in flipped(path.read_bytes(), n):
        path.write_bytes(damaged)
        outcomes.add(refused(lambda: read_all(path), path))
    assert outcomes == {True, False}


NAMES = ["spikes/times", "spikes/units", "labels", "extra/speaker", "extra/keys"]
WRONG: dict[str, Any] = {
    "a number": np.float64(1),
    "a matrix": np.zeros((12, 2)),
    "text": np.array([b"%d" % k for k in range(12)]),
    "complex numbers": np.zeros(12, np.complex128),
    "records": np.zeros(12, [("a", "i4"), ("b", "f8")]),
    "nothing": h5py.Empty("f8"),
    "a group": None,
}


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_wrong_type_are_refused(tmp_path: Path, name: str) -> None:
    path = shd_file(tmp_path / "x.h5", per_class=1)
    for wrong, value in WRONG.items():
        with h5py.File(path, "r+") as file:
            del file[name]
            if value is None:
                file.create_group(name)
            else:
                file[name] = value
        right = (name, wrong) == ("extra/keys", "text")
        assert refused(lambda: read_all(path), path) != right, wrong


def test_arrays_that_claim_more_than_the_file_holds_are_refused(tmp_path: Path) -> None:
    """Chunks that were never written take no room, so that a small file may claim terabytes."""
    path = shd_file(tmp_path / "x.h5", per_class=1)
    with h5py.File(path, "r+") as file:
        for name in NAMES:
            kind = file[name].dtype
            del file[name]
            file.create_dataset(name, (10**12,), kind, chunks=(1024,))
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"claims 1000000000000 entries"):
        read_all(path)


@FLIPS
def test_prepared_files_with_wrong_bits_are_refused(tmp_path: Path, n: int) -> None:
    """Checksums: whatever is read is what was written."""
    path = prepared_file(tmp_path)
    whole = read_train(path)
    n_refused = 0
    for damaged in flipped(path.read_bytes(), n):
        path.write_bytes(damaged)
        if refused(lambda: read_train(path), path):
            n_refused += 1
            continue
        read = read_train(path)
        for name in ("times", "units", "offsets"):
            assert torch.equal(getattr(read.spikes, name), getattr(whole.spikes, name))
        assert read.spikes.duration == whole.spikes.duration
        for name in ("labels", "speakers"):
            assert torch.equal(getattr(read, name), getattr(whole, name))
        for name in ("name", "class_names", "n_units", "n_classes"):
            assert getattr(read, name) == getattr(whole, name)
    assert n_refused > 0.9 * n


@pytest.mark.parametrize("link", [h5py.ExternalLink("other.h5", "/x"), h5py.SoftLink("/x")])
@pytest.mark.parametrize("name", ["labels", "spikes/times", "spikes"])
def test_links_are_refused(tmp_path: Path, name: str, link: Any) -> None:
    path = shd_file(tmp_path / "x.h5", per_class=1)
    with h5py.File(path, "r+") as file, h5py.File(tmp_path / "other.h5", "w") as other:
        for place in (file, other):
            file.copy(name, place, "x")
        del file[name]
        file[name] = link
    with pytest.raises(DataError, match=rf"'/{name}' is a link, to (other\.h5|/x)"):
        read_all(path)


def test_arrays_that_are_stored_elsewhere_are_refused(tmp_path: Path) -> None:
    path = shd_file(tmp_path / "x.h5", per_class=1)
    parts = h5py.VirtualLayout((12,), np.uint16)
    parts[:] = h5py.VirtualSource("absent.h5", "x", (12,))  # reads as zeros
    external = [("other", 0, 24)]
    for name, problem in (("virtual", "virtual"), ("external", "stored in another file")):
        with h5py.File(path, "r+") as file:
            del file["labels"]
            if name == "virtual":
                file.create_virtual_dataset("labels", parts)
            else:
                file.create_dataset("labels", (12,), np.uint16, external=external)
        with pytest.raises(DataError, match=rf"'/labels' is {problem}"):
            read_all(path)


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.h5")
    with pytest.raises(DataError, match=r"x\.h5: not a file with contents"):
        read_all(tmp_path / "x.h5")


def store_again(path: Path, name: str, **options: object) -> None:
    """The rows ``name`` of a file, stored in another way."""
    with h5py.File(path, "r+") as file:
        values, kind = file[name][()], file[name].dtype
        del file[name]
        file.create_dataset(name, data=values, dtype=kind, **options)


@pytest.mark.parametrize("filters", [{}, {"compression": 9}, {"shuffle": True, "compression": 9}])
def test_rows_in_chunks_are_read_and_checked(tmp_path: Path, filters: dict) -> None:
    """Filters pack the table of the rows; a row that claims four billion numbers is found in it."""
    path = shd_file(tmp_path / "x.h5", per_class=1)
    expected = read_all(path)
    for name in ("spikes/times", "spikes/units"):
        store_again(path, name, chunks=(5,), **filters)
    found = read_all(path)
    assert all((a.times == b.times).all() for a, b in zip(found, expected, strict=True))
    with h5py.File(path, "r+") as file:
        rows = file["spikes/times"]
        table = _chunk(rows, (5,)).copy()
        table["length"][1] = 2**32 - 1
        rows.id.write_direct_chunk((5,), table.tobytes(), filter_mask=2**32 - 1)
    with pytest.raises(DataError, match="row 6 of '/spikes/times' is not where the file says"):
        read_all(path)


def test_rows_behind_an_unknown_filter_are_refused(tmp_path: Path) -> None:
    path = shd_file(tmp_path / "x.h5", per_class=1)
    store_again(path, "spikes/times", compression="lzf")
    with pytest.raises(DataError, match="h5repack -f NONE"):
        read_all(path)


def test_a_small_file_does_not_take_gigabytes(tmp_path: Path) -> None:
    """A chunk of zeros packs to a thousandth, and all of it is unpacked to read one entry."""
    path = shd_file(tmp_path / "x.h5", per_class=1)
    store_again(path, "labels", maxshape=(None,), compression="gzip", chunks=(2**26,))
    assert path.stat().st_size < 2_000_000
    with pytest.raises(DataError, match="has chunks of 67108864 entries"):
        read_all(path)
