"""What a prepared data set looks like: one row per sample, and profiles over channels and time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from study.data.dataset import SpikeDataset, load, unseen_speakers
from study.data.prepare import SPLITS

TIME_BIN = 0.01  # seconds


def describe(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Statistics of the prepared file ``path``.

    Returns
    -------
    samples
        A row per sample: group (the split; the test set is divided by whether the speaker was met
        in training or validation), class, speaker, spikes, channels that spike, last spike (s).
    profiles
        A row per group and position: group, axis ("channel" or "time"), position (the channel, or
        the centre of a 10 ms bin in seconds), and the spikes there of an average sample, per
        channel or per second.
    """
    heard = [load(path, split) for split in SPLITS[:2]]
    test = load(path, SPLITS[2])
    unseen = unseen_speakers(test, *heard)
    groups = {
        "train": heard[0],
        "validation": heard[1],
        "test, known speakers": test.select((~unseen).nonzero()[:, 0]),
        "test, new speakers": test.select(unseen.nonzero()[:, 0]),
    }
    groups = {name: data for name, data in groups.items() if len(data)}
    samples = pd.concat([_samples(data, name) for name, data in groups.items()])
    profiles = pd.concat([_profiles(data, name) for name, data in groups.items()])
    return samples.reset_index(drop=True), profiles.reset_index(drop=True)


def examples(path: str | Path) -> pd.DataFrame:
    """The spikes of four training samples: two words, each by the same two speakers.

    Columns: class, speaker, time in seconds, unit.
    """
    data = load(path, SPLITS[0])
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
            "spikes": spikes.counts,
            "channels": torch.bincount(channels, minlength=len(data)),
            "last_spike": spikes.times[spikes.offsets[1:] - 1],
        }
    )


def _profiles(data: SpikeDataset, group: str) -> pd.DataFrame:
    spikes = data.spikes
    channels = torch.bincount(spikes.units, minlength=data.n_units) / len(data)
    n_bins = int(spikes.duration / TIME_BIN) + 1
    times = torch.bincount((spikes.times / TIME_BIN).long(), minlength=n_bins)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "group": group,
                    "axis": "channel",
                    "position": torch.arange(data.n_units, dtype=torch.float64),
                    "spikes": channels,
                }
            ),
            pd.DataFrame(
                {
                    "group": group,
                    "axis": "time",
                    "position": (torch.arange(n_bins) + 0.5) * TIME_BIN,
                    "spikes": times / (len(data) * TIME_BIN),
                }
            ),
        ]
    )


def summarise(samples: pd.DataFrame) -> pd.DataFrame:
    """A row per group of ``samples`` (from :func:`describe`): sizes, and means with deviations."""
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
