"""How much data a study has, and how large its networks are, told from its settings alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise, product
from typing import NamedTuple

from spikegrad.network_settings import NetworkSettings
from study.config.data import DataConfig, SpokenDigits
from study.config.search import Choice
from study.config.study import Neuron, Study

RECORDED = {  # samples of training, validation and test files, classes, seconds of sound
    "shd": (8156, 0, 2264, 20, 0.72),
    "heidelberg-digits": (8156, 0, 2264, 20, 0.72),
    "ssc": (75466, 9981, 20382, 35, 0.8),
}
UNKNOWN = ("files", "recordings")
"""Sources whose size settings do not tell."""
SPEAKERS = 10  # of SHD's training data
EVENTS = 11.0  # of a sample, for each channel: SHD has 10.8, the demo's spoken digits 11.6
SPOKEN = 0.43  # seconds of a synthetic digit, of which the last spike tells
ACTIVITY = defaultdict(lambda: 15.0, {"qif": 5.0, "qif_delta": 5.0})
"""Spikes of a neuron in a sample, as trained networks of the kept studies have them; a new neuron
model's are taken to be LIF's."""
IN_TRAINING = defaultdict(lambda: 8.0, {"qif": 3.5, "qif_delta": 5.0})
"""The same on average over training, and over the trials of a search."""

ROW = 0.75e-9  # seconds that a neuron takes for an event or spike that it receives, in training
FLOW = 2.2e-9  # the same for a step of time


class Size(NamedTuple):
    """Samples of the splits, classes, input events of a sample and the seconds they come in."""

    train: int
    validation: int
    test: int
    classes: int
    events: float
    seconds: float

    @property
    def samples(self) -> int:
        """Of all splits."""
        return self.train + self.validation + self.test


def size_of(data: DataConfig) -> Size:
    """The size of ``data``; recordings and spikes of the user's own count as SHD's."""
    events = EVENTS * data.n_units
    if data.source == "spoken-digits":
        return _spoken(data, data.spoken_digits, events)
    n, n_validation, n_test, classes, seconds = RECORDED.get(data.source, RECORDED["shd"])
    if n_validation == 0:
        n_validation = _held_out(data, n / SPEAKERS, SPEAKERS, classes)
    else:
        n += n_validation
    return Size(n - n_validation, n_validation, n_test, classes, events, seconds)


def _spoken(data: DataConfig, options: SpokenDigits, events: float) -> Size:
    classes = len(options.languages) * len(options.digits)
    seen, unseen = len(options.voices), len(options.unseen_voices)
    n = classes * seen * options.train_utterances
    n_test = classes * (seen * options.test_utterances + unseen * options.unseen_utterances)
    held_out = _held_out(data, classes * options.train_utterances, seen, classes)
    return Size(n - held_out, held_out, n_test, classes, events, SPOKEN)


def _held_out(data: DataConfig, by_speaker: float, speakers: int, classes: int) -> int:
    """Validation samples, as :func:`study.data.prepare.held_out` draws them."""
    options = data.validation
    rest = (speakers - options.speakers) * by_speaker / classes
    each = max(1, round(options.fraction * rest))
    return round(options.speakers * by_speaker) + classes * each


def variants(study: Study, neuron: Neuron) -> list[NetworkSettings]:
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


def n_weights(network: NetworkSettings, n_units: int, n_classes: int) -> int:
    """Weights of a network, its readout's included."""
    widths: Sequence[int] = [n_units, *network.layers, n_classes]
    recurrent = sum(n * n for n in network.layers) if network.recurrent else 0
    return sum(a * b for a, b in pairwise(widths)) + recurrent


def update_seconds(study: Study, neuron: Neuron, network: NetworkSettings) -> float:
    """A sample's update in a ``network``: see docs/performance.md for what bounds it."""
    size, step = size_of(study.data), study.data.time_step
    events = size.events
    total = 0.0
    for width in network.layers:
        spikes = ACTIVITY[neuron] * width
        moments = events if step is None else min(events, size.seconds / step)
        received = events + spikes * network.recurrent
        steps = moments + spikes * network.recurrent
        total += width * (ROW * received + FLOW * steps)
        events, step = spikes, None
    return total
