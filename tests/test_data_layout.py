"""Spike files: what is written is read, and every broken rule is named with file and sample."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikefiles import CLASSES, original_file, random_samples, read_all, shd_file
from study.data.layout import DataError, Sample, open_spike_file, write_spike_file

N_UNITS, DURATION = 30, 1.0


rows = st.lists(
    st.tuples(st.floats(0, DURATION, width=32), st.integers(0, N_UNITS - 1)), min_size=1, max_size=8
)


@settings(max_examples=40)
@given(st.lists(st.tuples(rows, st.integers(0, 2), st.integers(0, 99)), min_size=1, max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, content: list) -> None:
    path = tmp_path_factory.mktemp("layout") / "x.h5"
    written = []
    for events, label, speaker in content:
        times, units = np.array(sorted(events)).T
        written.append(Sample(times, units.astype(int), label, speaker))
    write_spike_file(path, written, CLASSES)
    for before, after in zip(written, read_all(path, N_UNITS, DURATION), strict=True):
        np.testing.assert_array_equal(before.times, after.times)
        np.testing.assert_array_equal(before.units, after.units)
        assert (before.label, before.speaker) == (after.label, after.speaker)


def test_published_number_types_are_read_exactly(tmp_path: Path) -> None:
    path = original_file(tmp_path / "x.h5", 12, 3)
    with h5py.File(path) as file:
        raw = [row.copy() for row in file["spikes/times"][()]]
    for row, sample in zip(raw, read_all(path), strict=True):
        assert row.dtype == np.float16
        np.testing.assert_array_equal(row.astype(np.float64), sample.times)


@pytest.mark.parametrize("duration", [1.1, 0.7])  # float32 rounds the first up
def test_a_spike_at_the_end_is_within_the_sample_in_any_type(
    tmp_path: Path, duration: float
) -> None:
    sample = Sample(np.array([0.1, duration]), np.array([0, 1]), 0, 0)
    write_spike_file(tmp_path / "x.h5", [sample], CLASSES)
    (found,) = read_all(tmp_path / "x.h5", N_UNITS, duration)
    assert duration - 1e-6 < found.times[-1] <= duration


def test_only_wanted_samples_are_read_in_order_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("study.data.layout.BLOCK", 7)
    path = shd_file(tmp_path / "x.h5")
    everything = read_all(path, N_UNITS, DURATION)
    wanted = np.random.default_rng(0).random(len(everything)) < 0.4
    with open_spike_file(path) as spikes:
        chosen = list(spikes.samples(wanted, N_UNITS, DURATION))
    for i, sample in zip(np.flatnonzero(wanted), chosen, strict=True):
        np.testing.assert_array_equal(sample.times, everything[i].times)
        assert sample.label == everything[i].label


def set_rows(
    times: list[float], units: list[int], unit_type: type = np.uint16
) -> Callable[[h5py.File], None]:
    """Sample 3 has these spikes; whatever the type of units was."""

    def change(file: h5py.File) -> None:
        rows = file["spikes/units"][()]
        del file["spikes/units"]
        kind = h5py.vlen_dtype(np.dtype(unit_type))
        array = file.create_dataset("spikes/units", (len(rows),), kind)
        for i, row in enumerate(rows):
            array[i] = row.astype(unit_type)
        array[3] = np.array(units, unit_type)
        file["spikes/times"][3] = np.array(times, np.float32)

    return change


def replace(name: str, values: np.ndarray) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = values

    return change


SAMPLE_ERRORS = {
    "no spikes": set_rows([], []),
    "not a finite number": set_rows([0.1, np.nan], [1, 2]),
    "negative": set_rows([-0.1, 0.2], [1, 2]),
    "not sorted": set_rows([0.3, 0.2], [1, 2]),
    "after the sample's end": set_rows([0.3, 1.2], [1, 2]),
    "2 spike times but 1 units": set_rows([0.3, 0.5], [1]),
    r"within 0\.\.29": set_rows([0.3], [30]),
    r"not -1\.\.4": set_rows([0.3, 0.4], [-1, 4], np.int32),
}


STRUCTURE_ERRORS = {
    "no one-dimensional array 'spikes/units'": lambda file: file.__delitem__("spikes/units"),
    "disagree about the number of samples": replace("labels", np.zeros(59, np.uint16)),
    "must hold whole numbers": replace("labels", np.zeros(60)),
    "sample 7: label 3 is outside": replace("labels", np.where(np.arange(60) == 7, 3, 0)),
}


@pytest.mark.parametrize(
    ("problem", "change"),
    [(rf"sample 3: .*{problem}", change) for problem, change in SAMPLE_ERRORS.items()]
    + [*STRUCTURE_ERRORS.items()],
)
def test_what_breaks_the_layout_is_named(tmp_path: Path, problem: str, change: Callable) -> None:
    path = shd_file(tmp_path / "bad.h5")
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(DataError, match=rf"bad\.h5.*{problem}"):
        read_all(path, N_UNITS, DURATION)


def test_files_without_spikes_to_train_on_are_refused(tmp_path: Path) -> None:
    write_spike_file(tmp_path / "empty.h5", [], CLASSES)
    write_spike_file(tmp_path / "alike.h5", random_samples(0, 1, 1), ["yes", "no", "yes"])
    (tmp_path / "text.h5").write_text("not HDF5")
    os.mkfifo(tmp_path / "pipe.h5")
    for name, message in {
        "empty": "no samples",
        "alike": "two classes of extra/keys are called 'yes'",
        "absent": "no such file",
        "text": "not a whole HDF5 file",
        "pipe": "not a file with contents",
    }.items():
        with pytest.raises(DataError, match=rf"{name}\.h5: {message}"):
            read_all(tmp_path / f"{name}.h5")


@pytest.mark.parametrize("published", [False, True])
def test_files_cut_anywhere_are_refused(tmp_path: Path, published: bool) -> None:
    path = tmp_path / "cut.h5"
    whole = original_file(path, 12, 3) if published else shd_file(path, per_class=1)
    content = whole.read_bytes()
    for length in (*range(1, len(content), len(content) // 80), len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"cut\.h5: not a whole HDF5 file"):
            read_all(path)


NAMES = ["spikes/times", "spikes/units", "labels", "extra/speaker", "extra/keys"]
WRONG: dict[str, Any] = {
    "a number": np.float64(1),
    "a matrix": np.zeros((12, 2)),
    "text": np.array([b"%d" % k for k in range(12)]),
    "records": np.zeros(12, [("a", "i4"), ("b", "f8")]),
    "nothing": h5py.Empty("f8"),
    "a group": None,
}


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_wrong_type_are_refused(tmp_path: Path, name: str) -> None:
    path = shd_file(tmp_path / "x.h5", per_class=1)
    for wrong, value in WRONG.items():
        if (name, wrong) == ("extra/keys", "text"):  # which is right
            continue
        with h5py.File(path, "r+") as file:
            del file[name]
            if value is None:
                file.create_group(name)
            else:
                file[name] = value
        with pytest.raises(DataError, match=rf"x\.h5: .*'/?{name}'"):
            read_all(path)


def test_a_small_file_does_not_take_gigabytes(tmp_path: Path) -> None:
    """A chunk of zeros packs to a thousandth, and all of it is unpacked to read one entry. Chunks
    that were never written take no room, so that a small file may claim terabytes."""
    path = shd_file(tmp_path / "x.h5", per_class=1)
    packed = {"chunks": (2**26,), "maxshape": (None,), "compression": "gzip"}
    for n, options, problem in (
        (12, packed, "has chunks of 67108864 entries"),
        (10**12, {"chunks": (1024,)}, "claims 1000000000000 entries"),
    ):
        with h5py.File(path, "r+") as file:
            del file["labels"]
            file.create_dataset("labels", (n,), np.uint16, **options)
        assert path.stat().st_size < 2_000_000
        with pytest.raises(DataError, match=problem):
            read_all(path)


@pytest.mark.parametrize("link", [h5py.ExternalLink("other.h5", "/x"), h5py.SoftLink("/x")])
@pytest.mark.parametrize("name", ["labels", "spikes"])
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
