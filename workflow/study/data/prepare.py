"""From spike files in SHD's layout to one file of events, split for training.

The file holds the samples of all files, ordered by split, in compressed-row form:

    times     float64 [n_events]      seconds, ascending within a sample
    units     uint16 [n_events]
    offsets   int64 [n_samples + 1]   sample i owns events offsets[i]:offsets[i + 1]
    labels, speakers   int64 [n_samples]
    split     uint8 [n_samples]       index into SPLITS

and the attributes name, n_units, n_classes, class_names and duration (s). Checksums cover all
of it, so that a file with a wrong bit is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spikegrad.files import atomic
from study.config.data import DataConfig, Validation
from study.data.layout import DataError, SpikeFile, open_spike_file

SPLITS = ("train", "validation", "test")
_CHUNK = 2**17  # events: one megabyte of times


def held_out(
    labels: NDArray[np.int64], speakers: NDArray[np.int64], config: Validation
) -> NDArray[np.bool_]:
    """Which training samples go to validation [n_samples]: whole speakers, and some of the rest.

    The speakers are drawn among all; of the others' samples, each class gives the same share,
    rounded, and at least one sample. Raises DataError if training would be left without a speaker
    or a class.
    """
    rng = np.random.default_rng(config.seed)
    everyone = np.unique(speakers)
    if config.speakers >= len(everyone):
        raise DataError(
            f"data.validation.speakers = {config.speakers} leaves none of the {len(everyone)}"
            " training speakers: lower it"
        )
    mask = np.isin(speakers, rng.choice(everyone, config.speakers, replace=False))
    for label in np.unique(labels):
        rest = np.flatnonzero(~mask & (labels == label))
        n = max(1, round(config.fraction * len(rest)))
        if n >= len(rest):
            raise DataError(
                f"validation would take all {len(rest)} training samples of class {label}: lower"
                " data.validation.fraction or data.validation.speakers, or add samples"
            )
        mask[rng.choice(rest, n, replace=False)] = True
    return mask


def to_grid(times: NDArray[np.float64], step: float | None, duration: float) -> NDArray[np.float64]:
    """``times`` moved to the nearest multiples of ``step`` within [0, duration]; all in seconds."""
    if step is None:
        return times
    last = np.floor(duration / step + 1e-9)  # so that 1.4 / 0.1 is 14
    return np.minimum(np.minimum(np.round(times / step), last) * step, duration)


def prepare(
    name: str,
    config: DataConfig,
    train: str | Path,
    test: str | Path | None,
    output: str | Path,
    validation: str | Path | None = None,
) -> None:
    """Write the events of the files ``train``, ``test`` and ``validation`` to ``output``.

    Without a file for validation, part of the training file becomes the validation set. Without a
    test file there are no test samples: such is the file that hyperparameters are searched on.
    Raises DataError, naming file and sample, if the files break the layout or disagree about the
    classes.
    """
    files = {"train": train, "validation": validation, "test": test}
    columns: dict[str, list[NDArray]] = {"counts": [], "labels": [], "speakers": [], "split": []}
    class_names: list[str] = []
    # This version of the format has checksums of its own structure; Fletcher's are of the contents.
    with atomic(output) as part, h5py.File(part, "w", libver=("v110", "v110")) as file:
        for array, dtype in (("times", np.float64), ("units", np.uint16)):
            file.create_dataset(
                array, (0,), dtype, maxshape=(None,), chunks=(_CHUNK,), fletcher32=True
            )
        for origin, path in files.items():
            if path is None:
                continue
            with open_spike_file(path) as samples:
                class_names = class_names or samples.class_names
                if samples.class_names != class_names:
                    raise DataError(
                        f"{path}: its classes differ from those of {train}:"
                        f" {samples.class_names} and {class_names}"
                    )
                masks = {origin: np.ones(len(samples), np.bool_)}
                if origin == "train" and validation is None:
                    mask = held_out(samples.labels, samples.speakers, config.validation)
                    masks = {"train": ~mask, "validation": mask}
                for split, mask in masks.items():
                    columns["counts"] += _append_events(file, samples, mask, split, config)
                    columns["labels"].append(samples.labels[mask])
                    columns["speakers"].append(samples.speakers[mask])
                    columns["split"].append(np.full(mask.sum(), SPLITS.index(split), np.uint8))
        offsets = np.cumsum(np.concatenate([[0], *columns.pop("counts")]))
        arrays = {"offsets": offsets} | {a: np.concatenate(b) for a, b in columns.items()}
        for array, values in arrays.items():
            file.create_dataset(array, data=values, chunks=values.shape, fletcher32=True)
        file.attrs.update(
            name=np.bytes_(name.encode()),
            n_units=config.n_units,
            n_classes=len(class_names),
            # of fixed length: text of variable length has no checksum
            class_names=np.array([word.encode() for word in class_names], np.bytes_),
            duration=config.duration,
        )


def _append_events(
    file: h5py.File, samples: SpikeFile, wanted: NDArray[np.bool_], split: str, config: DataConfig
) -> Iterator[NDArray[np.int64]]:
    """Write the events of the samples ``wanted`` to ``file``; yields their numbers by sample.

    One block at a time, since SSC does not fit in memory.
    """
    checked = samples.samples(wanted, config.n_units, config.duration)
    rest = iter(tqdm(checked, disable=None, total=int(wanted.sum()), desc=split))
    while block := list(islice(rest, 512)):
        events = {
            "times": [to_grid(s.times, config.time_step, config.duration) for s in block],
            "units": [s.units for s in block],
        }
        for name, parts in events.items():
            array, values = file[name], np.concatenate(parts)
            array.resize(len(array) + len(values), axis=0)
            array[-len(values) :] = values
        yield np.array([len(s.times) for s in block], np.int64)
