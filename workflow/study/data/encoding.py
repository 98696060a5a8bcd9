"""From sounds to spikes, the same way for every source: a table of recordings, encoded in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikegrad.cochlea import Cochlea
from spikegrad.seeds import generator_of_name
from study.config.data import SEED
from study.data.archives import read_audio
from study.data.audio import decode, resample
from study.data.layout import DataError, Sample, open_spike_file, write_spike_file
from study.progress import with_progress

Sounds = Iterable[tuple[str, NDArray[np.float64]]]
"""Pairs of a table's ``file`` and its sound, in any order."""


def of_part(table: pd.DataFrame, part: int, n_parts: int) -> pd.DataFrame:
    """The rows that the job ``part`` of ``n_parts`` encodes: whole speakers, in turn."""
    return table[table["speaker_number"] % n_parts == part]


def recorded(rows: pd.DataFrame, path: str | Path, sample_rate: int) -> Sounds:
    """The sounds of ``rows`` in the folder or archive ``path``, at ``sample_rate`` (Hz)."""
    for file, content in read_audio(path, rows["file"].tolist()):
        sound, rate = decode(content, f"{path}, {file}")
        yield file, resample(sound, rate, sample_rate)


def encode(
    rows: pd.DataFrame,
    sounds: Sounds,
    cochlea: Cochlea,
    duration: float,
    labels: Sequence[str],
    path: str | Path,
) -> None:
    """Write the spikes of ``sounds``, those of ``rows``, to ``path``, in the order of ``rows``.

    The release of transmitter depends on a recording's label, speaker and name
    alone: neither on its folder nor on the recordings before it. Raises DataError if a sound takes
    longer than ``duration`` seconds.
    """
    by_file = rows.set_index("file")
    samples: dict[str, Sample] = {}
    for file, sound in with_progress(sounds, len(rows), "recordings"):
        row = by_file.loc[file]
        length = len(sound) / cochlea.sample_rate
        if length > duration:
            raise DataError(
                f"{file}: {length:.2f} s long, longer than data.duration = {duration} s: raise"
                " that, or shorten the sound or take it out"
            )
        name = f"{row['speaker']} {row['label']} {PurePosixPath(file).name}"
        rng = generator_of_name(SEED, name)
        times, units = cochlea.spikes(sound, rng)
        samples[file] = Sample(times, units, row["label_number"], row["speaker_number"])
    write_spike_file(path, [samples[file] for file in rows["file"]], labels)


def merge(
    table: pd.DataFrame,
    parts: Sequence[str | Path],
    n_units: int,
    duration: float,
    train: str | Path,
    test: str | Path,
) -> None:
    """Write the spikes of all ``parts`` to ``train`` and ``test``, in the table's order."""

    def samples(split: str) -> Iterator[Sample]:
        for speaker, rows in table.groupby("speaker_number"):
            with open_spike_file(parts[int(speaker) % len(parts)]) as spikes:
                mask = spikes.speakers == speaker
                mask[mask] = rows["split"] == split
                yield from spikes.samples(mask, n_units, duration)

    for split, path in (("train", train), ("test", test)):
        n = int((table["split"] == split).sum())
        write_spike_file(path, samples(split), labels_of(table), n)


def labels_of(table: pd.DataFrame) -> list[str]:
    """The names of the classes, in the order of their numbers."""
    return table.drop_duplicates("label_number").sort_values("label_number")["label"].tolist()
