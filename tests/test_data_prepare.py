"""Preparing: roles never mix, nothing is lost, and the loaded data are those of the files."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikefiles import CLASSES, config, prepared_file, random_samples, shd_file, write_split
from spikegrad.times import to_grid
from study.config.data import Validation
from study.data.dataset import load, unseen_speakers
from study.data.layout import ORIGINS, DataError, Sample, write_spike_file
from study.data.prepare import prepare
from study.data.splits import for_testing, held_out, split
from study.storage.tables import write_table


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return prepared_file(tmp_path)


def rows(samples: list[Sample]) -> list[tuple]:
    """Samples as comparable tuples, sorted."""
    return sorted(
        (s.label, s.speaker, tuple(np.float64(s.times)), tuple(s.units.tolist())) for s in samples
    )


def loaded_rows(path: Path, role: str, inner: int | None = 0) -> list[tuple]:
    data = load(path, path.with_name("split.parquet"), role, inner)
    spikes = [data.spikes.select(torch.tensor([i])) for i in range(len(data))]
    return rows(
        [
            Sample(own.times.numpy(), own.units.numpy(), int(label), int(speaker))
            for own, label, speaker in zip(spikes, data.labels, data.speakers, strict=True)
        ]
    )


def test_every_sample_has_one_role(prepared: Path) -> None:
    """In the fold that the data come with: each as its file has it, in any inner fold."""
    assert loaded_rows(prepared, "test") == rows(random_samples(2, 6, 2))
    whole = rows(random_samples(1, 4, 5))
    assert loaded_rows(prepared, "train", None) == whole
    for inner in range(2):
        parts = (loaded_rows(prepared, role, inner) for role in ("train", "validation"))
        assert sorted(itertools.chain(*parts)) == whole


def test_inner_folds_hold_out_speakers(prepared: Path) -> None:
    split, held = prepared.with_name("split.parquet"), []
    for inner in range(2):
        train, validation = (load(prepared, split, r, inner) for r in ("train", "validation"))
        assert not set(train.speakers.tolist()) & set(validation.speakers.tolist())
        assert set(train.labels.tolist()) == {0, 1, 2}
        held.append(set(validation.speakers.tolist()))
    assert [len(own) for own in held] == [1, 1]
    assert not held[0] & held[1]
    test = load(prepared, split, "test")  # whose speakers 4 and 5 are in no other file
    assert set(test.speakers[unseen_speakers(test, train)].tolist()) == {4, 5} | held[1]


def test_attributes_and_selection(prepared: Path) -> None:
    data = load(prepared, prepared.with_name("split.parquet"), "train")
    assert (data.name, data.n_units, data.n_classes) == ("files-ü", 30, 3)
    assert data.class_names == tuple(CLASSES)
    assert data.spikes.duration == 1.0
    chosen = data.select(torch.tensor([5, 2]))
    assert chosen.labels.tolist() == data.labels[[5, 2]].tolist()
    assert chosen.spikes.sizes.tolist() == data.spikes.sizes[[5, 2]].tolist()
    with pytest.raises(DataError, match=f"files-ü: sample {len(data)} is asked for"):
        data.select(torch.tensor([0, len(data)]))


@settings(max_examples=60)
@given(
    fold=st.integers(0, 9),
    folds=st.integers(1, 3),
    held=st.integers(0, 2),
    per_class=st.integers(1, 4),
)
def test_inner_folds_hold_for_any_setting(fold: int, folds: int, held: int, per_class: int):
    """They share no sample; each has whole speakers, or the same share of each class."""
    who, labels = (a.ravel() for a in np.mgrid[0:7, 0 : 4 * per_class])
    labels %= 4
    options = Validation(folds=folds, speakers=held)
    inner = held_out(labels, who, options, fold)
    assert set(inner) == {-1, *range(folds)}
    for k in range(folds):
        if held:
            assert [(inner[who == s] == k).all() for s in range(7)].count(True) == held
            assert (inner == k).sum() == held * 4 * per_class
        else:
            each = np.bincount(labels[inner == k])
            assert set(each) == {max(1, round(0.1 * 7 * per_class))}
    np.testing.assert_array_equal(inner, held_out(labels, who, options, fold))


@settings(max_examples=60)
@given(
    numbers=st.lists(st.integers(0, 99), min_size=2, max_size=9, unique=True),
    size=st.integers(1, 8),
)
def test_each_speaker_is_tested_in_one_fold(numbers: list[int], size: int) -> None:
    speakers, n = np.array(numbers * 3), -(-len(numbers) // size)
    masks = np.array([for_testing(speakers, size, n, fold) for fold in range(n)])
    assert (masks.sum(0) == 1).all()
    found = [set(speakers[mask]) for mask in masks]
    assert [len(own) for own in found[:-1]] == [size] * (n - 1)
    assert sorted(numbers) == [s for own in found for s in sorted(own)]
    with pytest.raises(DataError, match=r"set data\.folds\.speakers"):
        for_testing(speakers, size, n + 1, 0)


def test_inner_folds_that_leave_no_training_are_refused() -> None:
    labels, speakers = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    with pytest.raises(DataError, match=r"1 inner folds of 2 speakers need 3 .* there are 2"):
        held_out(labels, speakers, Validation(folds=1, speakers=2))
    with pytest.raises(DataError, match=r"more than the 2 training samples of class 0"):
        held_out(labels, speakers, Validation(folds=3, speakers=0))
    with pytest.raises(DataError, match=r"inner fold 0 holds out all .* of class"):
        held_out(speakers, speakers, Validation(folds=1, speakers=1))


def test_a_validation_file_is_the_inner_fold_and_files_share_their_classes(tmp_path: Path) -> None:
    files = {
        name: shd_file(tmp_path / f"{name}.h5", seed)
        for seed, name in enumerate(("train", "validation", "test"))
    }
    prepare("x", config(), files, tmp_path / "events.h5")
    write_split(tmp_path / "events.h5")
    for seed, name in enumerate(("train", "validation", "test")):
        assert loaded_rows(tmp_path / "events.h5", name) == rows(random_samples(seed, 4, 5))
    write_spike_file(files["test"], random_samples(0, 2, 1), ["null", "eins", "zwei"])
    with pytest.raises(DataError, match=r"test\.h5: its classes differ"):
        prepare("x", config(), files, tmp_path / "other.h5")


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


def test_a_grid_makes_cells_and_channels_are_merged(tmp_path: Path) -> None:
    files = {"train": shd_file(tmp_path / "train.h5"), "test": shd_file(tmp_path / "test.h5")}
    found = {}
    for name, changes in {
        "full": {},
        "channels": {"channels": 6},
        "cells": {"time_step": 0.05, "channels": 6},
    }.items():
        (tmp_path / name).mkdir()
        prepare("x", config(**changes), files, tmp_path / name / "events.h5")
        split = write_split(tmp_path / name / "events.h5")
        data = load(tmp_path / name / "events.h5", split, "test")
        assert data.n_units == changes.get("channels", 30)
        found[name] = data.spikes
    full, cells = found["full"], found["cells"]
    units = full.units // 5
    assert torch.equal(found["channels"].times, full.times)
    assert torch.equal(found["channels"].units, units)
    times = to_grid(full.times.numpy(), 0.05, 1.0)
    expected = Counter(zip(full.samples.tolist(), times, units.tolist(), strict=True))
    events = zip(cells.samples.tolist(), cells.times.tolist(), cells.units.tolist(), strict=True)
    assert dict(zip(events, cells.counts.tolist(), strict=True)) == expected
    coarse = full.coarse(5, 0.05)  # the library's way to the same
    for name in ("times", "units", "counts"):
        assert torch.equal(getattr(coarse, name), getattr(cells, name))


def test_loading_refuses_what_was_not_prepared(prepared: Path, tmp_path: Path) -> None:
    split = prepared.with_name("split.parquet")
    with pytest.raises(DataError, match=r"train\.h5: not a whole prepared file"):
        load(tmp_path / "train.h5", split, "train")
    write_table(pd.read_parquet(split)[1:], tmp_path / "other.parquet")
    with pytest.raises(DataError, match=r"other\.parquet: 95 samples"):
        load(prepared, tmp_path / "other.parquet", "train")
    content = bytearray(prepared.read_bytes())
    with h5py.File(prepared) as file:
        content[content.index(file["times"][()].tobytes()) + 999] ^= 1
    prepared.write_bytes(content)
    with pytest.raises(DataError, match=r"events\.h5: not a whole prepared file \(.*filter"):
        load(prepared, split, "train")


def test_a_validation_file_validates_the_datas_own_split_alone() -> None:
    """Speakers of three files: in every outer fold inner folds are drawn among all of them."""
    speakers = np.repeat(np.arange(12), 4)
    labels = np.tile([0, 1], 24)
    origins = np.repeat([ORIGINS.index(name) for name in ("train", "validation", "test")], 16)
    test = for_testing(speakers, 2, 6, 1)
    options = Validation(folds=3, speakers=2)
    inner = split(labels, speakers, origins, test, options, 1)["inner"].to_numpy()
    assert set(inner) == {-1, 0, 1, 2}
    assert (inner[test] == -1).all()
