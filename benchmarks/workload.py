"""The workload of all speed comparisons: random events as many and as uneven as SHD's."""

from __future__ import annotations

import numpy as np

N_UNITS, N_CLASSES, DURATION = 700, 20, 1.0


def events(n_samples: int, time_step: float | None, seed: int = 0) -> list[np.ndarray]:
    """For each sample its events as rows (time in seconds, unit), sorted by time.

    Counts are lognormal around 7,850 with SHD's spread, clipped to 2,700..17,700; with
    ``time_step`` the times stand on that grid.
    """
    rng = np.random.default_rng(seed)
    counts = np.clip(7_650 * rng.lognormal(0, 0.25, n_samples), 2_700, 17_700).astype(int)
    samples = []
    for count in counts:
        times = np.sort(rng.uniform(0, DURATION, count))
        if time_step is not None:
            times = np.floor(times / time_step) * time_step
        samples.append(np.column_stack([times, rng.integers(0, N_UNITS, count)]))
    return samples
