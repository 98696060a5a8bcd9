"""Preparing: splits never mix, nothing is lost, and the loaded data are those of the files."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikefiles import CLASSES, config, prepared_file, random_samples, shd_file
from study.config.data import Validation
from study.data.dataset import load, unseen_speakers
from study.data.layout import DataError, Sample, write_spike_file
from study.data.prepare import SPLITS, held_out, prepare, to_grid


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return prepared_file(tmp_path)


def rows(samples: list[Sample]) -> list[tuple]:
    """Samples as comparable tuples, sorted."""
    return sorted(
        (s.label, s.speaker, tuple(np.float64(s.times)), tuple(s.units.tolist())) for s in samples
    )


def loaded_rows(path: Path, split: str) -> list[tuple]:
    data = load(path, split)
    spikes = [data.spikes.select(torch.tensor([i])) for i in range(len(data))]
    return rows(
        [
            Sample(own.times.numpy(), own.units.numpy(), int(label), int(speaker))
            for own, label, speaker in zip(spikes, data.labels, data.speakers, strict=True)
        ]
    )


def test_every_sample_lands_in_exactly_one_split_of_its_own_file(prepared: Path) -> None:
    splits = {name: loaded_rows(prepared, name) for name in SPLITS}
    assert splits["test"] == rows(random_samples(2, 6, 2))
    assert sorted(splits["train"] + splits["validation"]) == rows(random_samples(1, 4, 5))


def test_held_out_speakers_are_disjoint_and_every_split_has_every_class(prepared: Path) -> None:
    train, validation, test = (load(prepared, name) for name in SPLITS)
    whole = set(validation.speakers.tolist()) - set(train.speakers.tolist())
    assert len(whole) == 1
    assert set(validation.speakers.tolist()) & set(train.speakers.tolist())
    for data in (train, validation, test):
        assert set(data.labels.tolist()) == {0, 1, 2}
    # speakers 4 and 5 exist in the test file alone; those of validation have been met
    assert set(test.speakers[unseen_speakers(test, train, validation)].tolist()) == {4, 5}
    assert set(test.speakers[unseen_speakers(test, train)].tolist()) == {4, 5} | whole


def test_attributes_and_selection(prepared: Path) -> None:
    data = load(prepared, "train")
    assert (data.name, data.n_units, data.n_classes) == ("files-ü", 30, 3)
    assert data.class_names == tuple(CLASSES)
    assert data.spikes.duration == 1.0
    chosen = data.select(torch.tensor([5, 2]))
    assert len(chosen) == 2
    assert chosen.labels.tolist() == data.labels[[5, 2]].tolist()
    assert chosen.spikes.sizes.tolist() == data.spikes.sizes[[5, 2]].tolist()
    assert chosen.class_names == data.class_names
    with pytest.raises(DataError, match=f"files-ü: sample {len(data)} is asked for"):
        data.select(torch.tensor([0, len(data)]))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    speakers=st.integers(0, 3),
    fraction=st.floats(0.01, 0.5),
    per_class=st.integers(3, 12),
)
def test_validation_split_holds_for_any_setting(
    seed: int, speakers: int, fraction: float, per_class: int
) -> None:
    who, labels = (a.ravel() for a in np.mgrid[0:5, 0 : 4 * per_class])
    labels %= 4
    settings_ = Validation(seed=seed, speakers=speakers, fraction=fraction)
    mask = held_out(labels, who, settings_)
    entirely = [s for s in range(5) if mask[who == s].all()]
    assert len(entirely) >= speakers
    for label in range(4):
        others = (labels == label) & ~np.isin(who, entirely)
        assert mask[labels == label].any()
        assert not mask[labels == label].all()
        if len(entirely) == speakers:
            assert mask[others].sum() == max(1, round(fraction * others.sum()))
    np.testing.assert_array_equal(mask, held_out(labels, who, settings_))


def test_validation_that_leaves_no_training_is_refused() -> None:
    labels, speakers = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    with pytest.raises(DataError, match=r"speakers = 2 leaves none of the 2"):
        held_out(labels, speakers, Validation(speakers=2))
    with pytest.raises(DataError, match=r"all 1 training samples of class 0"):
        held_out(labels, speakers, Validation(speakers=1))


def test_a_validation_file_is_used_whole(tmp_path: Path) -> None:
    files = {
        name: shd_file(tmp_path / f"{name}.h5", seed)
        for seed, name in enumerate(("train", "validation", "test"))
    }
    prepare("x", config(), files["train"], files["test"], tmp_path / "e.h5", files["validation"])
    for seed, name in enumerate(("train", "validation", "test")):
        assert loaded_rows(tmp_path / "e.h5", name) == rows(random_samples(seed, 4, 5))


@settings(max_examples=100)
@given(
    times=st.lists(st.floats(0, 1.4), min_size=1).map(sorted),
    step=st.sampled_from([1e-4, 1e-3, 2e-3, 0.01, 0.03, 0.1]),
)
def test_the_grid_is_near_ordered_and_within_the_sample(times: list[float], step: float) -> None:
    moved = to_grid(np.array(times), step, 1.4)
    assert (np.diff(moved) >= 0).all()
    assert moved.min() >= 0
    assert moved.max() <= 1.4
    np.testing.assert_allclose(moved / step, np.round(moved / step), atol=1e-6)
    inner = np.array(times) <= np.floor(1.4 / step) * step
    assert (np.abs(moved - times)[inner] <= step / 2 + 1e-12).all()


def test_time_step_reaches_the_events(tmp_path: Path) -> None:
    train, test = shd_file(tmp_path / "train.h5"), shd_file(tmp_path / "test.h5")
    prepare("x", config(time_step=0.05), train, test, tmp_path / "e.h5")
    prepare("x", config(), train, test, tmp_path / "full.h5")
    grid, full = (load(tmp_path / name, "test").spikes for name in ("e.h5", "full.h5"))
    np.testing.assert_array_equal(grid.times, to_grid(full.times.numpy(), 0.05, 1.0))
    assert not torch.equal(grid.times, full.times)
    assert torch.equal(grid.units, full.units)


def test_the_same_seed_gives_the_same_file_and_another_does_not(tmp_path: Path) -> None:
    train, test = shd_file(tmp_path / "train.h5"), shd_file(tmp_path / "test.h5")
    contents = []
    for seed in (0, 0, 1):
        split = {"seed": seed, "speakers": 1, "fraction": 0.2}
        prepare("x", config(validation=split), train, test, tmp_path / "e.h5")
        contents.append((tmp_path / "e.h5").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_files_must_share_their_classes(tmp_path: Path) -> None:
    train = shd_file(tmp_path / "train.h5")
    write_spike_file(tmp_path / "test.h5", random_samples(0, 2, 1), ["null", "eins", "zwei"])
    with pytest.raises(DataError, match=r"test\.h5: its classes differ"):
        prepare("x", config(), train, tmp_path / "test.h5", tmp_path / "e.h5")


def test_loading_refuses_what_was_not_prepared(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unknown split 'valid'"):
        load(prepared, "valid")
    with pytest.raises(DataError, match=r"absent\.h5: not a whole prepared file"):
        load(tmp_path / "absent.h5", "train")
    with pytest.raises(DataError, match=r"train\.h5: not a whole prepared file"):
        load(tmp_path / "train.h5", "train")
    with h5py.File(prepared, "r+") as file:
        file["times"][0] = -1.0
    with pytest.raises(DataError, match="negative"):
        load(prepared, "train")
