"""What a study will cost, within a factor of two: the work of each kind of job, counted from the
settings, times what kept studies took for as much (docs/results/*/hours.csv)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import NamedTuple

import pandas as pd

from study.config.data import PUBLISHED
from study.config.search import Choice
from study.config.study import Neuron, Study
from study.config.training import FURTHER_EPOCHS
from study.landscape.constants import STATES

START = 3.0  # seconds in which a job imports its libraries and reads its data
SPIKE = 1.2e-9  # seconds of an input spike at a neuron in training
SPIKES = 11  # of a channel in a sample
OFF_GRID = 2.5  # times as long where spikes do not come together
COPY = 0.1  # share of a sample's time that one more copy on a delay line adds
TEST = 0.2  # share of all samples, and of the training samples that an inner fold validates with
LOSS, GRADIENT = 0.6, 2.5  # of training's time, in double precision; losses that a gradient takes
BREAKS, SWAP = 0.16, 10  # of a census: runs for an input spike and length 1; to isolate a swap
PROFILE = 5000  # points of a profile of length 1 to both sides
ROUGHNESS = 30  # losses of each of its points
NETWORK_STEP, WEIGHT = 1e-5, 6e-10  # seconds of a step of an SG-NTK network, of a weight in it
SOUND = 0.1  # seconds in which a sample is heard
FIXED = {"compile_engine": 50.0, "download": 60.0, "download_archive": 60.0}


def sample(study: Study, neuron: Neuron) -> float:
    """Seconds of a sample in a network of ``neuron``, or in those that are searched, on average."""
    network = study.model(neuron).network
    space = () if study.search is None else study.search.sampling.space
    layers = [p.choices for p in space if isinstance(p, Choice) and p.key == "network.layers"]
    neurons = mean(map(sum, layers[0] if layers else [network.layers]))
    copies = 0 if network.delay_line is None else network.delay_line.copies - 1
    grid = OFF_GRID if study.data.time_step is None else 1
    return SPIKE * neurons * SPIKES * study.data.n_units * grid * (1 + COPY * copies)


def samples(study: Study) -> tuple[float, float]:
    """Samples to train and to test with, on average over folds; the user's own count as SHD's."""
    data, spoken = study.data, study.data.spoken_digits
    n: float = sum(PUBLISHED[data.source if data.source in PUBLISHED else "shd"][:3])
    if data.source == "spoken-digits":
        n = len(spoken.voices) * (spoken.utterances + 1)
        n += len(spoken.unseen_voices) * spoken.utterances
        n *= len(spoken.languages) * len(spoken.digits)
    test = n * TEST if data.folds is None else n / data.n_folds
    return n - test, test


def search_rungs(study: Study) -> Iterator[tuple[int, float]]:
    """Of one search, the jobs of each rung of each generation, and seconds of one of these jobs."""
    if study.search is None:
        return
    trials = study.search.trials
    inner = (1 - TEST) * samples(study)[0]
    n = min(trials.samples or inner, inner)
    one = mean(sample(study, neuron) for neuron in study.neurons)
    for size in study.search.planned(round(n)):
        for rung, epochs in enumerate(trials.epochs):
            jobs = trials.jobs(rung, size)
            yield jobs, START + trials.width(rung, size) * epochs * n * one / jobs
    if runs := study.search.finalists * study.n_reruns:
        jobs = trials.of_finalists(1).jobs(0, runs)
        epochs = max(study.model(neuron).training.epochs for neuron in study.neurons)
        yield jobs, START + runs * epochs * inner * one / jobs


def job_seconds(study: Study, jobs: Mapping[str, int]) -> dict[str, float]:
    """Seconds of a core that a job of each kind takes, on average, by how many ``jobs`` it has.

    Kinds are rules, of trainings their first folder, of tables the names in :mod:`study.parts`.
    """
    (train, test), around = samples(study), study.landscape
    one = mean(sample(study, neuron) for neuron in study.neurons)
    training = train * one * mean(study.model(n).training.epochs for n in study.neurons)
    cases = [case for variant in study.variants.values() for case in variant.cases.values()]
    shares = [min(1.0, (case.samples or train) / train) for case in cases]
    profile = around.profiles.samples * PROFILE * around.profiles.reach
    census = 4 * around.census.breaks.points + BREAKS * one / SPIKE * around.census.breaks.reach
    census = min(census, around.census.breaks.max_runs) + SWAP * around.census.swaps.max_changes
    lines = len(around.lines.directions) * 4 * around.lines.points
    planes = len(around.planes.directions) * around.planes.points**2
    closeups = len(around.closeups.reaches) * around.closeups.points**2
    losses = {  # of single samples, around one network
        "surfaces": len(STATES) * around.samples * (lines + planes),
        "closeups": around.closeups.samples * closeups * GRADIENT,
        "census": len(STATES) * len(around.census.directions) * around.census.samples * 2 * census,
        "profiles": len(STATES) * len(around.profiles.directions) * profile,
        "gradients": around.steps.number * around.steps.points * around.samples * GRADIENT,
    }
    networks = len(study.neurons) * len(around.seeds or ())
    measures = LOSS * one * ROUGHNESS * profile if study.roughness else 0.0
    runs, closer = (len(study.neurons) * n for n in (len(study.seeds), study.n_searches))
    steps = 0.0
    for experiment in study.ntk.experiments():
        weights = [n * (3 + n * (experiment.hidden_layers - 1)) for n in experiment.widths]
        each = experiment.record_steps[-1] * experiment.n_networks * len(experiment.activations)
        steps += each * sum(NETWORK_STEP + WEIGHT * n for n in weights)
    shared = {
        "encode": SOUND * (train + test),
        "dense_networks": steps,
        "networks": (FURTHER_EPOCHS * train + test) * one * runs + closer * measures,
        **{name: networks * LOSS * one * n for name, n in losses.items()},
    }
    own = FIXED | {
        "train training": training,
        "train landscape": training,
        "train variants": training * mean(shares or [1.0]),
        "variants": measures,
    }
    own |= {rule: seconds / jobs[rule] for rule, seconds in shared.items() if rule in jobs}
    return {rule: START + own.get(rule, 0.0) for rule in jobs}


class Work(NamedTuple):
    """Equal jobs side by side, ``seconds`` each; ``before`` are the places of the work that they
    wait for, in a list in which that comes first."""

    stage: str
    rule: str
    jobs: int
    seconds: float
    memory_mb: int
    before: tuple[int, ...]


SUMS = {"jobs": "sum", "core_hours": "sum", "chain_hours": "sum", "memory_mb": "max"}


def cost_table(works: Sequence[Work]) -> pd.DataFrame:
    """A row for each kind of job."""
    ends: list[float] = []
    for work in works:
        ends.append(work.seconds + max((ends[k] for k in work.before), default=0.0))
    chain = [max(range(len(works)), key=ends.__getitem__)]
    while before := works[chain[-1]].before:
        chain.append(max(before, key=ends.__getitem__))
    table = pd.DataFrame(works)
    table["core_hours"] = table["jobs"] * table["seconds"] / 3600
    table["chain_hours"] = table["seconds"].where(table.index.isin(chain), 0.0) / 3600
    return table.groupby(["stage", "rule"], sort=False).agg(SUMS).reset_index()


def text(table: pd.DataFrame, cores: int) -> str:
    """The same by stage, for the terminal."""
    stages = table.groupby("stage", sort=False).agg(SUMS)
    stages.loc["all"] = stages.agg(SUMS)
    least = max(stages["core_hours"]["all"] / cores, stages["chain_hours"]["all"])
    return (
        f"\n{stages.reset_index().to_string(index=False, float_format='%.2f')}\n\nAt least"
        f" {least:.2f} hours on {cores} cores; all within a factor of two (docs/performance.md)."
    )
