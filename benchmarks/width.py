"""How long a search takes on so many slots of a cluster, simulated.

    python benchmarks/width.py results/heidelberg-digits/search

Each trial's time for an epoch is drawn from those of the search in that folder. Jobs start in the
order in which they become ready, as soon as a slot is free. The searches are those of
config/config.yaml, at equal numbers of trials in generations of other widths.
"""

from __future__ import annotations

import heapq
import json
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from spikegrad.config.search import Halving

SLOTS = (2, 16, 64, 200)
SEARCHES = 10  # two neuron models, five repeats
TRIALS = 64  # of a search
FINALISTS, EPOCHS = 12, 60  # runs, and how long they are
STARTS = 5.0  # seconds until a job computes
DRAWS = 20


def stages(options: Halving, generations: int, pace: np.random.Generator, times: np.ndarray):
    """The jobs of a search, by what must be done before the next can start: their seconds."""
    done = (0, *options.epochs)
    for _ in range(generations):
        own = pace.choice(times, options.per_generation)
        for rung in options.rungs:
            chosen = own[: options.width(rung)]  # which ones go on has nothing to do with speed
            yield STARTS + chosen * (done[rung + 1] - done[rung])
    yield STARTS + pace.choice(times, FINALISTS) * EPOCHS


def makespan(searches: Sequence[Sequence[np.ndarray]], slots: int) -> float:
    """Seconds until all jobs are done on ``slots`` machines."""
    free = [0.0] * slots  # when each slot is free again
    ready = [(0.0, k, 0) for k in range(len(searches))]  # when a search's next stage can start
    end = 0.0
    while ready:
        moment, k, stage = heapq.heappop(ready)
        last = moment
        for seconds in searches[k][stage]:
            start = max(moment, heapq.heappop(free))
            heapq.heappush(free, start + seconds)
            last = max(last, start + seconds)
        end = max(end, last)
        if stage + 1 < len(searches[k]):
            heapq.heappush(ready, (last, k, stage + 1))
    return end


def asynchronous(options: Halving, pace: np.random.Generator, times: np.ndarray, slots: int):
    """Seconds if every trial goes on at once, as asynchronous halving would have it.

    It promotes one in eta of all trials and is no function of the seed; finalists wait for all.
    """
    done = (0, *options.epochs)
    paces = pace.choice(times, SEARCHES * TRIALS)
    trials = []
    for k, own in enumerate(paces):
        rungs = [r for r in options.rungs if k % options.eta**r == 0]
        trials.append([np.array([STARTS + own * (done[r + 1] - done[r])]) for r in rungs])
    finalists = STARTS + pace.choice(times, SEARCHES * FINALISTS) * EPOCHS
    return makespan(trials, slots) + makespan([[finalists]], slots)


def measured(folder: Path) -> np.ndarray:
    """Seconds for an epoch of each trial's first rung."""
    files = folder.glob("*/*/generations/*/rung0/job*/*.json")
    records = [json.loads(file.read_text()) for file in files]
    return np.array([r["seconds"] / r["rungs"][0]["epochs"] for r in records if r["rungs"]])


def main() -> None:
    times = measured(Path(sys.argv[1]))
    times /= times.mean()
    times *= 60.0  # only proportions matter: an epoch of a mean trial is a minute
    print(f"{len(times)} trials; slowest epoch {times.max() / times.min():.0f} times the fastest")
    rows = []
    for width, slots in product((16, 32, 64), SLOTS):
        options = Halving(per_generation=width, epochs=(5, 15, 45), eta=3, per_job=1)
        hours, busy, least = [], [], []
        for draw in range(DRAWS):
            pace = np.random.default_rng(draw)
            searches = [
                list(stages(options, TRIALS // width, pace, times)) for _ in range(SEARCHES)
            ]
            work = sum(job for search in searches for stage in search for job in stage)
            hours.append(makespan(searches, slots) / 3600)
            busy.append(work / 3600 / hours[-1])
            least.append(asynchronous(options, pace, times, slots) / 3600)
        row = {"per_generation": width, "generations": TRIALS // width, "slots": slots}
        means = {"hours": hours, "slots_busy": busy, "hours_asynchronous": least}
        rows.append({**row, **{name: np.mean(values) for name, values in means.items()}})
    print(pd.DataFrame(rows).to_string(index=False, float_format="%.1f"))


if __name__ == "__main__":
    main()
