"""What the jobs of landscapes have to do.

What adapts to the loss (lines, profiles, the census) is predicted by what the kept studies took.
"""

from __future__ import annotations

from collections import defaultdict

from study.config.landscape import Breaks, Updates
from study.config.study import Neuron, Study
from study.estimate.operations import (
    Wildcards,
    Work,
    neuron_of,
    started,
    times,
)
from study.estimate.size import ACTIVITY
from study.landscape.constants import STATES

LINE_SHARE = 0.65  # of the points that a line may add, those that it does add
CHANGE_RUNS = 40  # runs to isolate a break from 1e-3 to 1e-13, with those beside it
SWAP_RUNS = 10  # the same of a swap, by Brent's method
SEARCHED = 4  # runs for each point that breaks are searched from
BREAKS = defaultdict(lambda: 1.0, {"qif": 0.35, "qif_delta": 0.35})
"""Breaks on a line of length 1, for each spike of the sample; a new neuron model's as LIF's."""
PROFILE = defaultdict(lambda: 6500.0, {"qif": 3500.0, "qif_delta": 3500.0})
"""Points of a profile of length 1 to both sides, likewise."""


def _spikes(study: Study, neuron: Neuron) -> float:
    """Spikes of a sample, in all layers."""
    return ACTIVITY[neuron] * sum(study.model(neuron).network.layers)


def _break_runs(study: Study, neuron: Neuron, where: Breaks | Updates, length: float) -> float:
    """Runs of the network to find and isolate the breaks on a line."""
    runs = SEARCHED * where.points + CHANGE_RUNS * BREAKS[neuron] * _spikes(study, neuron) * length
    return min(runs, where.max_runs)


def _lines(directions: int, samples: int) -> int:
    """Lines of a run."""
    return len(STATES) * directions * samples


def directions(study: Study, wildcards: Wildcards) -> Work:
    options = study.landscape
    works: list[Work] = []
    for neuron in study.neurons:
        courses = 2 * study.model(neuron).training.snapshots
        works.append(
            {
                ("loss", neuron): options.samples * courses,
                ("gradient", neuron): options.samples * len(STATES),
            }
        )
    return started(*works)


def surfaces(study: Study, wildcards: Wildcards) -> Work:
    neuron, options = neuron_of(wildcards), study.landscape
    lines, planes = options.lines, options.planes
    points = lines.points + LINE_SHARE * max(0, lines.max_points - lines.points)
    places = _lines(len(lines.directions), 1)
    gradients = (-(-planes.points // planes.gradient_every)) ** 2
    sides = _lines(len(planes.directions), 1)
    losses = places * points + sides * (planes.points**2 - gradients)
    whole: Work = {("loss", neuron): losses, ("gradient", neuron): sides * gradients}
    return started(times(whole, options.samples / options.jobs))


def census(study: Study, wildcards: Wildcards) -> Work:
    neuron, options = neuron_of(wildcards), study.landscape
    breaks, swaps = options.census.breaks, options.census.swaps
    runs = _break_runs(study, neuron, breaks, 2 * breaks.reach)
    runs += swaps.points + SWAP_RUNS * swaps.max_changes
    lines = _lines(len(options.census.directions), options.census.samples)
    return started({("census run", neuron): lines * runs / options.jobs})


def _profile_points(study: Study, neuron: Neuron) -> float:
    profiles = study.landscape.profiles
    return min(max(profiles.points, PROFILE[neuron] * profiles.reach), 0.85 * profiles.max_points)


def profiles(study: Study, wildcards: Wildcards) -> Work:
    neuron, options = neuron_of(wildcards), study.landscape
    lines = _lines(len(options.profiles.directions), options.profiles.samples)
    points = _profile_points(study, neuron)
    return started({("line loss", neuron): lines * points / options.jobs})


def roughness(study: Study, neuron: Neuron, steps: int) -> Work:
    """On one draw of samples, with steps of so many lengths, clipped and not."""
    options = study.landscape
    return {
        ("line loss", neuron): options.profiles.samples * _profile_points(study, neuron),
        ("gradient", neuron): 2 * (1 + steps) * options.samples,
    }


def gradients(study: Study, wildcards: Wildcards) -> Work:
    neuron, options = neuron_of(wildcards), study.landscape
    training = study.model(neuron).training
    steps = min(options.steps.number, training.snapshots - 1)
    samples = training.batch_size + options.samples
    updates = options.updates
    runs = updates.samples * _break_runs(study, neuron, updates, updates.length)
    whole: Work = {
        ("gradient", neuron): steps * (options.steps.points + 2) * samples,
        ("census run", neuron): steps * runs,
        ("line gradient", neuron): _lines(1, options.samples),
    }
    return started(times(whole, 1 / options.jobs))


def examples(study: Study, wildcards: Wildcards) -> Work:
    points = 2 * 2 * study.landscape.examples.points
    runs: Work = {("line loss", neuron): points for neuron in study.neurons}
    return started(runs, {("other",): 5.0})  # compiles the potentials' kernel
