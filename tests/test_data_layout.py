"""Spike files: what is written is read, and every broken rule is named with file and sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikefiles import CLASSES, original_file, read_all, shd_file
from study.data.layout import DataError, Sample, write_spike_file

N_UNITS, DURATION = 30, 1.0


events = st.lists(
    st.tuples(st.floats(0, DURATION, width=32), st.integers(0, N_UNITS - 1)), min_size=1, max_size=8
)


@settings(max_examples=40)
@given(st.lists(st.tuples(events, st.integers(0, 2), st.integers(0, 99)), min_size=1, max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, content: list) -> None:
    path = tmp_path_factory.mktemp("layout") / "x.h5"
    written = []
    for spikes, label, speaker in content:
        times, units = np.array(sorted(spikes)).T
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


def rows(times: list[float], units: list[int]) -> Callable[[h5py.File], None]:
    """Sample 3 has these spikes."""

    def change(file: h5py.File) -> None:
        file["spikes/times"][3] = np.array(times, np.float32)
        file["spikes/units"][3] = np.array(units, np.uint16)

    return change


def replace(name: str, values: np.ndarray) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = values

    return change


MISTAKES = {
    "sample 3: no spikes": rows([], []),
    "sample 3: .* not a finite number": rows([0.1, np.nan], [1, 2]),
    "sample 3: .* negative": rows([-0.1, 0.2], [1, 2]),
    "sample 3: .* not sorted": rows([0.3, 0.2], [1, 2]),
    "sample 3: .* after the sample's end.*milliseconds": rows([300, 1200], [1, 2]),
    "sample 3: 2 spike times but 1 units": rows([0.3, 0.5], [1]),
    r"sample 3: units must be within 0\.\.29 .* not 4\.\.30": rows([0.3, 0.4], [30, 4]),
    "sample 7: label 3 is outside": replace("labels", np.where(np.arange(60) == 7, 3, 0)),
    "'/labels' must hold whole numbers": replace("labels", np.zeros(60)),
    "disagree about the number of samples": replace("labels", np.zeros(59, np.uint16)),
    "'spikes/units' must hold rows of whole": replace("spikes/units", np.zeros(60)),
    "no one-dimensional array 'spikes/times'": replace("spikes/times", np.zeros((60, 9))),
    "no one-dimensional array 'extra/speaker'": lambda file: file.__delitem__("extra/speaker"),
    "'extra/keys' must hold text": replace("extra/keys", np.arange(3)),
}


@pytest.mark.parametrize("problem", MISTAKES)
def test_what_breaks_the_layout_is_named(tmp_path: Path, problem: str) -> None:
    path = shd_file(tmp_path / "bad.h5")
    with h5py.File(path, "r+") as file:
        MISTAKES[problem](file)
    with pytest.raises(DataError, match=rf"bad\.h5.*{problem}"):
        read_all(path, N_UNITS, DURATION)


def test_what_is_no_file_of_spikes_is_named(tmp_path: Path) -> None:
    whole = shd_file(tmp_path / "whole.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.h5").write_text("not HDF5")
    write_spike_file(tmp_path / "empty.h5", [], CLASSES)
    for name, message in {
        "cut": "not a whole HDF5 file",
        "text": "not a whole HDF5 file",
        "absent": "no such file",
        "empty": "no samples",
    }.items():
        with pytest.raises(DataError, match=rf"{name}\.h5: {message}"):
            read_all(tmp_path / f"{name}.h5")
