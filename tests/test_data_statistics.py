"""The data's statistics against a direct count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spikefiles import CLASSES, prepared_file, random_samples
from study.data.shd import CHANNELS, DURATIONS, RATES, SPIKES, comparison
from study.data.statistics import (
    TIME_BIN,
    examples,
    parts_of_folds,
    samples_and_profiles,
    summarise,
)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared_file(tmp_path_factory.mktemp("statistics"))


def test_statistics_are_those_of_a_direct_count(events: Path) -> None:
    samples, profiles = samples_and_profiles(events, events.with_name("split.parquet"))
    summary = summarise(samples)
    assert summary.samples["train"] + summary.samples["validation"] == 60
    assert summary.samples["test, known speakers"] == 24
    assert summary.speakers["test, new speakers"] == 2
    assert summary.spikes_mean["train"] == samples[samples.group == "train"].spikes.mean()
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


def test_folds_are_listed_with_their_speakers(events: Path) -> None:
    table = parts_of_folds({"own": events.with_name("split.parquet")}).set_index("part")
    assert set(table["fold"]) == {"own"}
    assert table.loc["test", ["speakers", "samples"]].tolist() == ["0 1 2 3 4 5", 36]
    inner = table.drop("test")
    assert sorted(" ".join(inner["speakers"]).split()) == ["0", "1", "2", "3"]
    assert inner["samples"].to_dict() == {"inner fold 0": 15, "inner fold 1": 15, "others": 30}


def test_examples_are_whole_training_samples_of_two_words_by_the_same_speakers(
    events: Path,
) -> None:
    shown = examples(events, events.with_name("split.parquet"))
    known = {(CLASSES[s.label], s.speaker, *s.times, *s.units) for s in random_samples(1, 4, 5)}
    groups = shown.groupby(["class", "speaker"], sort=False)
    assert len(groups) == 4
    assert len({speaker for (_, speaker), _ in groups}) == 2
    for key, own in groups:
        assert (*key, *own["time"], *own["unit"]) in known


def test_differences_from_shd_are_none_where_there_is_none() -> None:
    """Made-up samples with SHD's own statistics, but for their number of spikes."""
    rng = np.random.default_rng(0)
    tables = []
    for speaker, rate in RATES.items():
        last = rng.uniform(0.5, 1, 400)
        table = pd.DataFrame({"spikes": 1000 * rate * last, "last_spike": last})
        tables.append(table.assign(speaker=speaker, channels=rng.normal(558, 38, 400)))
    samples = pd.concat(tables).assign(group="train")
    samples["class"] = rng.choice(["zero", "neun"], len(samples))
    samples.loc[samples["class"] == "neun", "channels"] = 0.0  # German words do not count there
    row = comparison(samples, merged=False).set_index("quantity")
    for speaker in RATES:
        assert row.loc[f"rate of speaker {speaker}", "difference"] == pytest.approx(0, abs=1e-9)
    assert row.loc["rate, correlation over speakers", "here"] == pytest.approx(1)
    name = "spikes of a training sample, mean"
    assert row.loc[name, "percent"] == pytest.approx(100 * (samples["spikes"].mean() / SPIKES - 1))
    for measure, published in CHANNELS.items():
        here = row.loc[f"channels that spike, English training words, {measure}", "here"]
        assert here == pytest.approx(published, rel=0.05)
    assert row.loc["duration, median", "here"] == samples["last_spike"].median()
    assert row.loc["duration, median", "shd"] == DURATIONS["median"]
    quantities = [name for name in row.index if not name.startswith("channels")]
    assert comparison(samples, merged=True)["quantity"].tolist() == quantities
