"""How long a study's searches take on so many slots of a cluster, simulated.

    python benchmarks/width.py docs/results/heidelberg-digits/search/trials.parquet

Each trial's time for an epoch is drawn from those of that table. Jobs start in the order in which
they become ready, as soon as a slot is free. The searches are those of config/config.yaml, one run
a job, at equal numbers of trials in generations of other widths.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from spikegrad.config.base import validate
from spikegrad.config.search import SearchConfig
from spikegrad.config.study import Study

CONFIG = Path(__file__).parents[1] / "config" / "config.yaml"
SLOTS = (2, 16, 64, 200)
STARTS = 5.0  # seconds until a job computes
EPOCH = 60.0  # seconds of a mean trial: only proportions matter
DRAWS = 20


def stages(
    search: SearchConfig, width: int, epochs: int, pace: np.random.Generator, times: np.ndarray
) -> Iterator[np.ndarray]:
    """Seconds of the jobs that can run at once in one search: of each rung, then of finalists."""
    wide = search.trials.model_copy(update={"per_generation": width})
    for _ in range(search.generations * search.trials.per_generation // width):
        own = pace.choice(times, width)
        for rung in wide.rungs:  # which trials go on has nothing to do with their pace
            yield STARTS + own[: wide.width(rung)] * wide.epochs[rung]
    yield STARTS + pace.choice(times, search.selection.runs()) * epochs


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


def measured(table: Path) -> np.ndarray:
    """Seconds for an epoch of each trial that has one, over their mean."""
    trials = pd.read_parquet(table)
    trials = trials[trials["epochs"] > 0]
    times = (trials["seconds"] / trials["epochs"]).to_numpy()
    return times / times.mean()


def main() -> None:
    times = EPOCH * measured(Path(sys.argv[1]))
    slow, fast = np.quantile(times, [0.99, 0.01])
    print(
        f"{len(times)} trials; the slowest 1 % take {slow / fast:.0f} times as long as the fastest"
    )
    study = validate(Study, yaml.safe_load(CONFIG.read_text()))
    search = study.search
    assert search is not None
    number = search.repeats * len(study.neurons)
    rows = []
    for factor, slots in product((1, 2, 4), SLOTS):
        width = factor * search.trials.per_generation
        hours, busy = [], []
        for draw in range(DRAWS):
            pace = np.random.default_rng(draw)
            searches = [
                list(stages(search, width, study.training.epochs, pace, times))
                for _ in range(number)
            ]
            work = sum(job.sum() for each in searches for job in each)
            hours.append(makespan(searches, slots) / 3600)
            busy.append(work / 3600 / hours[-1])
        generations = search.generations // factor
        rows.append([width, generations, slots, np.mean(hours), np.mean(busy)])
    columns = ["per_generation", "generations", "slots", "hours", "slots_busy"]
    print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="%.1f"))


if __name__ == "__main__":
    main()
