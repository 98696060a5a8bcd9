"""How much data a study has, and how large its networks are, from its settings alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise, product
from math import exp, remainder
from statistics import mean
from typing import NamedTuple

from spikegrad.network_settings import NetworkSettings
from study.config.data import PUBLISHED, DataConfig
from study.config.search import Choice
from study.config.study import Neuron, Study
from study.data.splits import FRACTION

SOUND = {"shd": 0.72, "ssc": 0.8}
"""Seconds of sound in a sample."""
UNKNOWN = ("files", "recordings")
"""Sources whose size the settings do not say."""
SPEAKERS = 10  # of SHD's training data; two more are in its test data
SPIKES = 11.0  # of a sample, for each channel: SHD has 10.8, the demo's spoken digits 11.6
CROWDED = 0.16  # share of the cells of channel and time that all spikes of a recording fall into
SPOKEN = 0.43  # seconds of a synthetic digit
ACTIVITY = defaultdict(lambda: 15.0, {"qif": 5.0, "qif_delta": 5.0})
"""Spikes of a neuron in a sample, in trained networks of the kept studies; a new neuron model's
are taken to be LIF's."""
IN_TRAINING = defaultdict(lambda: 8.0, {"qif": 3.5, "qif_delta": 5.0})
"""The same on average over training, and over the trials of a search."""


class Size(NamedTuple):
    """Samples of an outer fold, classes, input events of a sample and the seconds they come in."""

    train: int  # all that are not for testing
    validation: int  # of these, those that an inner fold holds out
    test: int
    classes: int
    events: float
    seconds: float

    @property
    def samples(self) -> int:
        """Of all the data."""
        return self.train + self.test


def size_of(data: DataConfig) -> Size:
    """The size of ``data``; recordings and spikes of the user's own count as SHD's."""
    events = SPIKES * data.n_units
    if data.source == "spoken-digits":
        spoken, n_validation, seconds = data.spoken_digits, 0, SPOKEN
        classes = len(spoken.languages) * len(spoken.digits)
        speakers, unseen = len(spoken.voices), len(spoken.unseen_voices)
        n = classes * speakers * spoken.train_utterances
        n_test = classes * (speakers + unseen * spoken.unseen_utterances)
    else:
        like = data.source if data.source in PUBLISHED else "shd"
        n, n_validation, n_test, classes = PUBLISHED[like]
        seconds = SOUND[like]
        speakers = SPEAKERS
        unseen = 2
    if data.time_step is not None:  # spikes of one cell are one event
        cells = CROWDED * data.n_inputs * seconds / data.time_step
        events = cells * (1 - exp(-events / cells))
    n += n_validation
    if data.folds is not None:  # the mean over outer folds
        everyone = data.folds.speakers or speakers + unseen
        speakers = everyone - everyone // data.n_folds
        n, n_test = n + n_test - (n + n_test) // data.n_folds, (n + n_test) // data.n_folds
        n_validation = 0
    if n_validation == 0:  # as study.data.splits.held_out draws them
        options = data.validation
        n_validation = round(options.speakers * n / speakers)
        if options.speakers == 0:
            n_validation = classes * max(1, round(FRACTION * n / classes))
    return Size(n, n_validation, n_test, classes, events, seconds)


def candidates(study: Study, neuron: Neuron) -> list[NetworkSettings]:
    """The networks of ``neuron`` that a search chooses from, by what they cost.

    The configured one if there is no search; else each of the search's choices of layers,
    recurrence and drive, as often as it is listed there.
    """
    model = study.model(neuron)
    if study.search is None:
        return [model.network]
    keys = ("network.layers", "network.recurrent", "network.drive")
    chosen = [p for p in study.search.sampling.space if isinstance(p, Choice) and p.key in keys]
    return [
        model.with_parameters(dict(zip([p.key for p in chosen], values, strict=True))).network
        for values in product(*(p.choices for p in chosen))
    ]


def snapshots(study: Study, neuron: Neuron) -> int:
    """How many of a training's states are kept."""
    options = study.model(neuron).training
    return min(options.snapshots, options.epochs + 1)


def copies(network: NetworkSettings) -> int:
    """How many copies of its input ``network`` gets."""
    return 1 if network.delay_line is None else network.delay_line.copies


def n_weights(study: Study, neuron: Neuron) -> float:
    """Weights of a network, its readout's and learned delays included, the mean over
    :func:`candidates`."""

    def of(network: NetworkSettings) -> int:
        inputs, delays = study.data.n_inputs * copies(network), network.delays
        hidden = sum(a * b for a, b in pairwise([inputs, *network.layers]))
        hidden += sum(n * n for n in network.layers) if network.recurrent else 0
        if delays is not None:
            hidden *= delays.copies * (2 if delays.kind == "synaptic" else 1)
        return hidden + network.layers[-1] * size_of(study.data).classes

    return mean(map(of, candidates(study, neuron)))


STEP, SPIKE, SENT = 2.5, 250.0, 2.5
"""What count a neuron's step from one event to the next, a spike, and its arrival at a neuron of
the same layer; an event at a neuron counts 1."""
COPY, TOGETHER = 0.6, 0.3
"""What a delayed copy of an event counts, and one that arrives together with others' copies."""
DELAYED = {
    ("axonal", False): 3.5,
    ("axonal", True): 2.1,
    ("synaptic", True): 5.5,
}
"""Measured by `make bench`: kinds of learned delays, and whether they are on a grid."""


def delay_factor(network: NetworkSettings) -> float:
    """How many times the cost of a layer without delays one that learns them has."""
    if network.delays is None:
        return 1.0
    return DELAYED[network.delays.kind, network.delays.grid > 0] * network.delays.copies


def leaves_grid(study: Study, neuron: Neuron) -> bool:
    """Whether training stretches samples, or may, away from the grid of the study's times."""
    own = study.model(neuron).training.augmentation.time_stretch > 0
    space = [] if study.search is None else study.search.sampling.space
    return own or any(p.key == "training.augmentation.time_stretch" for p in space)


def effort(
    study: Study, networks: Sequence[NetworkSettings], activity: float, off_grid: bool = False
) -> float:
    """What a sample costs in ``networks``, on average, whose neurons spike ``activity`` times.

    How many neurons receive how many events and take how many steps, and how many spikes are found
    and sent to how many neurons: docs/performance.md says what bounds a sample. Samples are on
    the grid of the study's times, or ``off_grid``.
    """
    size, step = size_of(study.data), study.data.time_step
    total = 0.0
    for network in networks:
        events, seconds = size.events, size.seconds
        if (line := network.delay_line) is not None:
            on_grid = step is not None and not off_grid and abs(remainder(line.step, step)) < 1e-9
            events *= 1 + (TOGETHER if on_grid else COPY) * (line.copies - 1)
            seconds += (line.copies - 1) * line.step
        moments = events if step is None else min(events, seconds / step)
        one = 0.0
        for width in network.layers:
            spikes = activity * width
            one += width * (events + STEP * moments)
            one += spikes * (SPIKE + SENT * width * network.recurrent)
            events = moments = spikes
        total += one * delay_factor(network)
    return total / len(networks)
