"""Spike files in the layout of the Spiking Heidelberg Digits, written and read with checks.

spikes/times   variable-length rows of ascending spike times in seconds
spikes/units   variable-length rows of the channels that spike
labels         class of each sample
extra/speaker  speaker of each sample
extra/keys     names of the classes
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from spikegrad.files import atomic

ORIGINS = ("train", "validation", "test")
"""The files of a data set."""
BLOCK = 512  # samples read at once

# What h5py raises for damaged files.
DAMAGE = (OSError, RuntimeError, KeyError, TypeError, ValueError, OverflowError, MemoryError)


class DataError(ValueError):
    """A data file breaks a rule; the message names file and sample, what is wrong, what to do."""


@dataclass(frozen=True)
class Sample:
    """One recording: ``times`` (s) and ``units`` of its spikes, its ``label`` and ``speaker``."""

    times: NDArray
    units: NDArray
    label: int
    speaker: int


def write_spike_file(
    path: str | Path,
    samples: Iterable[Sample],
    class_names: Sequence[str],
    n_samples: int | None = None,
) -> None:
    """Write ``samples`` to ``path``, whole or not at all.

    With their number ``n_samples`` they may come one by one, and need not fit in memory.
    """
    if n_samples is None:
        samples = list(samples)
        n_samples = len(samples)
    labels, speakers = (np.empty(n_samples, np.uint16) for _ in range(2))
    with atomic(path) as part, h5py.File(part, "w") as file:
        # float32 keeps the microseconds that SHD's float16 rounds to half a millisecond
        rows = {
            name: file.create_dataset(f"spikes/{name}", (n_samples,), h5py.vlen_dtype(dtype))
            for name, dtype in (("times", np.dtype(np.float32)), ("units", np.dtype(np.uint16)))
        }
        for i, sample in zip(range(n_samples), samples, strict=True):
            for name, array in rows.items():
                array[i] = getattr(sample, name).astype(h5py.check_vlen_dtype(array.dtype))
            labels[i], speakers[i] = sample.label, sample.speaker
        file["labels"], file["extra/speaker"] = labels, speakers
        file.create_dataset("extra/keys", data=list(class_names), dtype=h5py.string_dtype())


class SpikeFile:
    """A file in SHD's layout, open for reading; see :func:`open_spike_file`.

    ``labels`` (within 0..n_classes - 1) and ``speakers`` are int64 [n_samples]; ``class_names`` has
    one name for each class.
    """

    def __init__(self, path: str | Path, file: h5py.File) -> None:
        self.path = path
        self._times = self._rows(file, "spikes/times", "f", "numbers in seconds")
        self._units = self._rows(file, "spikes/units", "iu", "whole numbers")
        labels, speakers = self._array(file, "labels"), self._array(file, "extra/speaker")
        keys = self._array(file, "extra/keys")
        if h5py.check_string_dtype(keys.dtype) is None:
            raise self.error("'extra/keys' must hold text")
        lengths = {d.name: len(d) for d in (self._times, self._units, labels, speakers)}
        if len(set(lengths.values())) != 1:
            raise self.error(f"arrays disagree about the number of samples: {lengths}")
        if not len(labels):
            raise self.error("no samples")
        self.class_names = [k.decode() if isinstance(k, bytes) else str(k) for k in keys[()]]
        self.labels, self.speakers = (self._whole_numbers(d) for d in (labels, speakers))
        for i in np.flatnonzero((self.labels < 0) | (self.labels >= len(self.class_names)))[:1]:
            raise self.error(
                f"label {self.labels[i]} is outside the {len(self.class_names)} classes of"
                " extra/keys",
                i,
            )

    def __len__(self) -> int:
        return len(self.labels)

    def error(self, problem: str, sample: int | None = None) -> DataError:
        where = "" if sample is None else f", sample {sample}"
        return DataError(
            f"{self.path}{where}: {problem}. Repair or replace the file; downloaded or generated"
            " files are made again if you delete them."
        )

    def _array(self, file: h5py.File, name: str) -> h5py.Dataset:
        array = file.get(name)
        if not isinstance(array, h5py.Dataset) or array.ndim != 1:
            raise self.error(f"no one-dimensional array '{name}', as SHD's layout requires")
        return array

    def _rows(self, file: h5py.File, name: str, kinds: str, meaning: str) -> h5py.Dataset:
        array = self._array(file, name)
        row_type = h5py.check_vlen_dtype(array.dtype)
        if row_type is None or row_type.kind not in kinds:
            raise self.error(f"'{name}' must hold rows of {meaning}, of variable length")
        return array

    def _whole_numbers(self, array: h5py.Dataset) -> NDArray[np.int64]:
        if array.dtype.kind not in "iu":
            raise self.error(f"'{array.name}' must hold whole numbers, not {array.dtype}")
        return array[()].astype(np.int64)

    def samples(self, wanted: NDArray[np.bool_], n_units: int, duration: float) -> Iterator[Sample]:
        """The samples in the mask ``wanted`` [n_samples], in order; times are float64.

        Raises DataError, naming the sample, if it is empty or its spikes are not numbers, negative,
        later than ``duration`` seconds, out of order, or on a channel outside 0..n_units - 1.
        """
        for start in range(0, len(self), BLOCK):
            block = slice(start, start + BLOCK)
            here = np.flatnonzero(wanted[block])
            if not len(here):
                continue
            try:
                times, units = self._times[block], self._units[block]
            except DAMAGE as problem:
                raise self.error(f"unreadable from sample {start} on ({problem})") from None
            for i in here:
                self._check(start + int(i), times[i], units[i], n_units, duration)
                # SHD's times are float16: any arithmetic must come after this cast
                yield Sample(
                    np.minimum(times[i].astype(np.float64), duration),
                    units[i].astype(np.uint16),
                    int(self.labels[start + i]),
                    int(self.speakers[start + i]),
                )

    def _check(
        self, sample: int, times: NDArray, units: NDArray, n_units: int, duration: float
    ) -> None:
        problem = None
        seconds = np.asarray(times, np.float64)
        if len(times) != len(units):
            problem = f"{len(times)} spike times but {len(units)} units"
        elif not len(times):
            problem = "no spikes"
        elif not np.isfinite(seconds).all():
            problem = "a spike time is not a finite number"
        elif seconds.min() < 0:
            problem = f"a spike time is negative ({seconds.min()} s)"
        elif seconds.max() > float(times.dtype.type(duration)):  # as its type rounds that
            hint = "; are the times milliseconds?" if seconds.max() > 20 * duration else ""
            problem = (
                f"a spike at {seconds.max()} s comes after the sample's end; data.duration is"
                f" {duration} s{hint}"
            )
        elif (np.diff(seconds) < 0).any():
            problem = "spike times are not sorted"
        elif units.min() < 0 or units.max() >= n_units:
            problem = (
                f"units must be within 0..{n_units - 1} (data.n_units is {n_units}), not"
                f" {units.min()}..{units.max()}"
            )
        if problem:
            raise self.error(problem, sample)


@contextmanager
def prepared(path: str | Path) -> Iterator[h5py.File]:
    """The file ``path`` that :mod:`study.data.prepare` wrote, to read; DataError if that is none,
    or not whole."""
    try:
        with h5py.File(path, "r") as file:
            if "offsets" not in file:
                raise KeyError("it has no array 'offsets'")
            yield file
    except DataError:
        raise
    except DAMAGE as problem:
        raise DataError(
            f"{path}: not a whole prepared file ({problem}); prepare it again"
        ) from None


@contextmanager
def open_spike_file(path: str | Path) -> Iterator[SpikeFile]:
    """Open the file ``path``; DataError if that is not a whole HDF5 file in SHD's layout."""
    with ExitStack() as stack:
        try:
            spikes = SpikeFile(path, stack.enter_context(h5py.File(path, "r")))
        except FileNotFoundError:
            raise DataError(f"{path}: no such file") from None
        except DataError:
            raise
        except DAMAGE as problem:
            raise DataError(
                f"{path}: not a whole HDF5 file ({problem}). Fetch or make it again."
            ) from None
        yield spikes
