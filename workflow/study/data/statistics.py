"""What a prepared data set looks like: one row per sample, and profiles over channels and time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch

from study.data.dataset import SpikeDataset, load, unseen_speakers
from study.data.splits import ROLES
from study.storage.tables import read_table

TIME_BIN = 0.01  # seconds


def describe(events: Path, splits: list[Path], folds: list[str]) -> dict[str, pd.DataFrame]:
    """All tables about the prepared file ``events``, with the tables of its ``folds``."""
    samples, profiles = samples_and_profiles(events, splits[0])
    return {
        "samples": samples,
        "profiles": profiles,
        "examples": examples(events, splits[0]),
        "summary": summarise(samples).reset_index(),
        "folds": parts_of_folds(dict(zip(folds, splits, strict=True))),
    }


def samples_and_profiles(
    events: str | Path, split: str | Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per sample, and profiles over channels and time, of the prepared file ``events``.

    Samples are grouped as in the outer fold of the table ``split`` and its first inner fold.
    """
    train, validation, test = (load(events, split, role, inner=0) for role in ROLES)
    unseen = unseen_speakers(test, train, validation)
    groups = {
        "train": train,
        "validation": validation,
        "test, known speakers": test.select((~unseen).nonzero()[:, 0]),
        "test, new speakers": test.select(unseen.nonzero()[:, 0]),
    }
    groups = {name: data for name, data in groups.items() if len(data)}
    samples = pd.concat([_samples(data, name) for name, data in groups.items()])
    profiles = pd.concat([_profiles(data, name) for name, data in groups.items()])
    return samples.reset_index(drop=True), profiles.reset_index(drop=True)


def examples(events: str | Path, split: str | Path) -> pd.DataFrame:
    """The spikes of four training samples: two classes, each by the same two speakers."""
    data = load(events, split, "train", inner=0)
    tables = []
    for label in (0, data.n_classes // 2):
        for speaker in data.speakers.unique()[:2].tolist():
            chosen = ((data.labels == label) & (data.speakers == speaker)).nonzero()[:1, 0]
            spikes = data.select(chosen).spikes
            table = pd.DataFrame({"time": spikes.times, "unit": spikes.units})
            tables.append(table.assign(**{"class": data.class_names[label], "speaker": speaker}))
    return pd.concat(tables, ignore_index=True)


def _samples(data: SpikeDataset, group: str) -> pd.DataFrame:
    spikes = data.spikes
    channels = torch.unique(spikes.samples * data.n_units + spikes.units) // data.n_units
    return pd.DataFrame(
        {
            "group": group,
            "class": [data.class_names[label] for label in data.labels],
            "speaker": data.speakers,
            "spikes": torch.bincount(spikes.samples, spikes.multiplicities, len(data)).long(),
            "channels": torch.bincount(channels, minlength=len(data)),
            "last_spike": spikes.times[spikes.offsets[1:] - 1],
        }
    )


def _profiles(data: SpikeDataset, group: str) -> pd.DataFrame:
    events = data.spikes
    counts = events.multiplicities
    channels = torch.bincount(events.units, counts, data.n_units) / len(data)
    n_bins = int(events.duration / TIME_BIN) + 1
    times = torch.bincount((events.times / TIME_BIN).long(), counts, n_bins)
    middles = (torch.arange(n_bins) + 0.5) * TIME_BIN
    axes = {
        "channel": (torch.arange(data.n_units, dtype=torch.float64), channels),
        "time": (middles, times / (len(data) * TIME_BIN)),
    }
    return pd.concat(
        pd.DataFrame({"group": group, "axis": axis, "position": position, "spikes": spikes})
        for axis, (position, spikes) in axes.items()
    )


def summarise(samples: pd.DataFrame) -> pd.DataFrame:
    """A row per group of ``samples``, from :func:`describe`."""
    return samples.groupby("group", sort=False).agg(
        samples=("spikes", "size"),
        speakers=("speaker", "nunique"),
        classes=("class", "nunique"),
        spikes_mean=("spikes", "mean"),
        spikes_std=("spikes", "std"),
        spikes_min=("spikes", "min"),
        spikes_max=("spikes", "max"),
        channels_mean=("channels", "mean"),
        last_spike_mean=("last_spike", "mean"),
        last_spike_max=("last_spike", "max"),
    )


def _listed(numbers: pd.Series) -> str:
    return " ".join(map(str, sorted(set(numbers))))


def parts_of_folds(splits: Mapping[str, str | Path]) -> pd.DataFrame:
    """The speakers and the number of samples of each part, of the tables ``splits`` by fold."""
    tables = []
    for fold, file in splits.items():
        parts = read_table(file)
        part = parts["inner"].map(lambda k: f"inner fold {k}" if k >= 0 else "others")
        speakers = parts.groupby(part.mask(parts["test"], "test").rename("part"))["speaker"]
        found = speakers.agg(speakers=_listed, samples="size")
        tables.append(found.reset_index().assign(fold=fold))
    return pd.concat(tables)[["fold", "part", "speakers", "samples"]]
