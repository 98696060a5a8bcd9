"""The data's statistics against a direct count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spikefiles import CLASSES, random_samples, shd_file
from spikegrad.settings import validate
from study.config.data import DataConfig
from study.data.prepare import prepare
from study.data.statistics import TIME_BIN, describe, examples, summarise


@pytest.fixture
def events(tmp_path: Path) -> Path:
    config = validate(
        DataConfig,
        {
            "source": "files",
            "files": {"train": "train.h5", "test": "test.h5"},
            "n_units": 30,
            "duration": 1.0,
        },
    )
    train = shd_file(tmp_path / "train.h5", seed=1)
    test = shd_file(tmp_path / "test.h5", seed=2, n_speakers=6, per_class=2)
    prepare("files", config, train, test, tmp_path / "events.h5")
    return tmp_path / "events.h5"


def test_statistics_are_those_of_a_direct_count(events: Path) -> None:
    samples, profiles = describe(events)
    new = [s for s in random_samples(2, 6, 2) if s.speaker > 3]
    rows = samples[samples.group == "test, new speakers"]
    assert rows["class"].tolist() == [CLASSES[s.label] for s in new]
    assert rows.speaker.tolist() == [s.speaker for s in new]
    assert rows.spikes.tolist() == [len(s.times) for s in new]
    assert rows.channels.tolist() == [len(np.unique(s.units)) for s in new]
    assert rows.last_spike.tolist() == [s.times[-1] for s in new]

    profile = profiles[profiles.group == "test, new speakers"].set_index("axis")
    units = np.concatenate([s.units for s in new])
    np.testing.assert_allclose(
        profile.loc["channel"].spikes, np.bincount(units, minlength=30) / len(new), rtol=1e-6
    )
    times = np.concatenate([s.times.astype(np.float64) for s in new])
    per_second = np.histogram(times, bins=np.arange(102) * TIME_BIN)[0] / len(new) / TIME_BIN
    np.testing.assert_allclose(profile.loc["time"].spikes, per_second, rtol=1e-6)
    np.testing.assert_allclose(profile.loc["time"].position[:2], [0.005, 0.015])


def test_every_sample_is_in_one_group_and_the_summary_counts_them(events: Path) -> None:
    samples, _ = describe(events)
    summary = summarise(samples)
    assert len(samples) == len(random_samples(1, 4, 5)) + len(random_samples(2, 6, 2))
    assert summary.samples["train"] + summary.samples["validation"] == 60
    assert summary.samples["test, known speakers"] == 24
    assert summary.speakers["test, new speakers"] == 2
    assert (summary.classes == 3).all()
    assert summary.spikes_mean["train"] == samples[samples.group == "train"].spikes.mean()


def test_examples_are_whole_training_samples_of_two_words_by_the_same_speakers(
    events: Path,
) -> None:
    shown = examples(events)
    known = {(CLASSES[s.label], s.speaker, *s.times, *s.units) for s in random_samples(1, 4, 5)}
    groups = shown.groupby(["class", "speaker"], sort=False)
    assert len(groups) == 4
    assert len({speaker for (_, speaker), _ in groups}) == 2
    for key, own in groups:
        assert (*key, *own["time"], *own["unit"]) in known
