"""From spike files in SHD's layout to one file of events.

The file holds the samples of all files, one file after the other, in compressed-row form:

    times     float64 [n_events]      seconds, ascending within a sample
    units     uint16 [n_events]       channels, merged as data.channels says
    counts    uint32 [n_events]       spikes of an event; only there if times stand on a grid
    offsets   int64 [n_samples + 1]   sample i owns events offsets[i]:offsets[i + 1]
    labels, speakers   int64 [n_samples]
    origin    uint8 [n_samples]       the file that they come from, an index into ORIGINS

and the attributes name, n_units, n_classes, class_names and duration (s). Checksums cover all
of it, so that a file with a wrong bit is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spikegrad.files import atomic
from spikegrad.spikes import SpikeTrains
from spikegrad.times import to_grid
from study.config.data import DataConfig
from study.data.layout import ORIGINS, DataError, Sample, SpikeFile, open_spike_file

_CHUNK = 2**17  # events: one megabyte of times


def prepare(
    name: str, config: DataConfig, files: Mapping[str, str | Path], output: str | Path
) -> None:
    """Write the events of ``files``, by their names in :data:`ORIGINS`, to ``output``.

    Raises DataError, naming file and sample, if the files break the layout or disagree about the
    classes.
    """
    columns: dict[str, list[NDArray]] = {"sizes": [], "labels": [], "speakers": [], "origin": []}
    class_names: list[str] = []
    # This version of the format has checksums of its own structure; Fletcher's are of the contents.
    with atomic(output) as part, h5py.File(part, "w", libver=("v110", "v110")) as file:
        events = {"times": np.float64, "units": np.uint16}
        if config.time_step is not None:
            events["counts"] = np.uint32
        for array, dtype in events.items():
            file.create_dataset(
                array, (0,), dtype, maxshape=(None,), chunks=(_CHUNK,), fletcher32=True
            )
        for origin, path in ((name, files[name]) for name in ORIGINS if name in files):
            with open_spike_file(path) as samples:
                class_names = class_names or samples.class_names
                if samples.class_names != class_names:
                    raise DataError(
                        f"{path}: its classes differ from those of {files['train']}:"
                        f" {samples.class_names} and {class_names}"
                    )
                columns["sizes"] += _append_events(file, samples, origin, config)
                columns["labels"].append(samples.labels)
                columns["speakers"].append(samples.speakers)
                columns["origin"].append(np.full(len(samples), ORIGINS.index(origin), np.uint8))
        offsets = np.cumsum(np.concatenate([[0], *columns.pop("sizes")]))
        arrays = {"offsets": offsets} | {a: np.concatenate(b) for a, b in columns.items()}
        for array, values in arrays.items():
            file.create_dataset(array, data=values, chunks=values.shape, fletcher32=True)
        file.attrs.update(
            name=np.bytes_(name.encode()),
            n_units=config.n_inputs,
            n_classes=len(class_names),
            # of fixed length: text of variable length has no checksum
            class_names=np.array([word.encode() for word in class_names], np.bytes_),
            duration=config.duration,
        )


def _events(sample: Sample, config: DataConfig) -> tuple[NDArray[np.float64], NDArray[np.integer]]:
    """Times and units of a ``sample`` as networks get them."""
    times = to_grid(np.asarray(sample.times, np.float64), config.time_step, config.duration)
    return times, sample.units // (config.n_units // config.n_inputs)


def _append_events(
    file: h5py.File, samples: SpikeFile, origin: str, config: DataConfig
) -> Iterator[NDArray[np.int64]]:
    """Write the events of all ``samples`` to ``file``; yields their numbers by sample.

    One block at a time, since SSC does not fit in memory.
    """
    everyone = np.ones(len(samples), np.bool_)
    checked = samples.samples(everyone, config.n_units, config.duration)
    rest = iter(tqdm(checked, disable=None, total=len(samples), desc=origin))
    while block := list(islice(rest, 512)):
        events = [_events(sample, config) for sample in block]
        times, units = zip(*events, strict=True)
        spikes = SpikeTrains.from_arrays(times, units, config.duration)
        if config.time_step is not None:
            spikes = spikes.merged()
        for name in ("times", "units", "counts"):
            if name in file:
                array, values = file[name], getattr(spikes, name).numpy()
                array.resize(len(array) + len(values), axis=0)
                array[-len(values) :] = values
        yield spikes.sizes.numpy()
