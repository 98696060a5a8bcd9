"""The workload of all speed comparisons: random events as many and as uneven as SHD's."""

from __future__ import annotations

import numpy as np

N_UNITS, N_CLASSES, DURATION = 700, 20, 1.0
COPY_STEP = 0.032  # seconds between the copies of a line of delays
TAU_MEMBRANE, TAU_SYNAPSE = 0.02, 0.01  # seconds
EVENTS = 7_850


def events(
    n_samples: int,
    time_step: float | None,
    n_events: int = EVENTS,
    seed: int = 0,
    channels: int = N_UNITS,
) -> list[np.ndarray]:
    """For each sample its events as rows (time in seconds, unit), sorted by time.

    With fewer ``channels``, neighbouring units become one.

    Counts are lognormal around ``n_events`` with SHD's spread, clipped to 2,700..17,700 of 7,850;
    with ``time_step`` the times stand on that grid.
    """
    rng = np.random.default_rng(seed)
    spread = np.clip(rng.lognormal(-0.026, 0.25, n_samples), 0.344, 2.255)
    samples = []
    for count in (n_events * spread).astype(int):
        times = np.sort(rng.uniform(0, DURATION, count))
        if time_step is not None:
            times = np.floor(times / time_step) * time_step
        units = rng.integers(0, N_UNITS, count) // (N_UNITS // channels)
        samples.append(np.column_stack([times, units]))
    return samples


def binned(
    n_samples: int, time_step: float, channels: int = N_UNITS, copies: int = 1
) -> np.ndarray:
    """The same events as counts, float32 [n_steps, n_samples, copies * channels], for clocked
    peers; each of the ``copies`` comes ``COPY_STEP`` after the one before."""
    n_steps = round(DURATION / time_step)
    counts = np.zeros((n_steps, n_samples, copies, channels), np.float32)
    for b, sample in enumerate(events(n_samples, None, channels=channels)):
        rows = np.minimum((sample[:, 0] / time_step).astype(int), n_steps - 1)
        np.add.at(counts[:, :, 0], (rows, b, sample[:, 1].astype(int)), 1)
    for c in range(1, copies):
        later = round(c * COPY_STEP / time_step)
        counts[later:, :, c] = counts[: n_steps - later, :, 0]
    return counts.reshape(n_steps, n_samples, copies * channels)


def labels(n_samples: int) -> np.ndarray:
    return np.arange(n_samples) % N_CLASSES


def decays(time_step: float) -> tuple[float, float]:
    """Factors by which a synaptic current and a membrane potential decay in one step."""
    return float(np.exp(-time_step / TAU_SYNAPSE)), float(np.exp(-time_step / TAU_MEMBRANE))
