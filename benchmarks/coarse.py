"""Spoken digits on coarse grids, events with counts, beside 700 channels at 1 ms.

Forward and backward of rec128 on one thread, in processor time; all cases of a neuron take turns.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from spikegrad.cochlea import Cochlea
from spikegrad.layers import SpikingLayer
from spikegrad.membrane import Membrane
from spikegrad.spikes import SpikeTrains
from study.data.prepare import to_grid
from study.data.speech import SAMPLE_RATE, speak
from study.estimate.size import IN_TRAINING
from workload import DURATION, N_UNITS

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven")
GRIDS = ((700, 0.001), (140, 0.004), (140, 0.01))  # channels and seconds
KINDS = (("lif", 0.0), ("qif", 0.0), ("qif_delta", 0.5))
ROUNDS = 15


def spoken(n_samples: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Spike times in seconds and channels of digits, by voices of several pitches."""
    ear = Cochlea(Membrane.build(N_UNITS, DURATION, SAMPLE_RATE))
    rng = np.random.default_rng(0)
    longest = int(DURATION * SAMPLE_RATE)
    return [
        ear.spikes(speak(WORDS[k % len(WORDS)], "en", "f1", 130, 20 + k, 50)[:longest], rng)
        for k in range(n_samples)
    ]


def trains(
    sounds: list[tuple[np.ndarray, np.ndarray]], channels: int, step: float, merged: bool
) -> SpikeTrains:
    """The spikes on a grid, those of one cell as one event or not."""
    times = [to_grid(np.minimum(own, DURATION), step, DURATION) for own, _ in sounds]
    units = [own // (N_UNITS // channels) for _, own in sounds]
    spikes = SpikeTrains.from_arrays(times, units, DURATION)
    return spikes.merged() if merged else spikes


def balanced(
    layer: SpikingLayer,
    spikes: SpikeTrains,
    wanted: float,
    then: Callable[[SpikingLayer], None] = lambda layer: None,
) -> float:
    """Draw weights with which a neuron makes about ``wanted`` spikes a sample; how many it makes.

    ``then`` changes what else has been drawn.
    """
    low, high = 0.01, 10.0
    for _ in range(14):
        scale = (low * high) ** 0.5
        layer.initialise(spikes, 0.1, scale, 0.3, torch.Generator().manual_seed(0))
        then(layer)
        with torch.no_grad():
            activity = len(layer(spikes).times) / layer.n_out / len(spikes)
        low, high = (scale, high) if activity < wanted else (low, scale)
    return activity


def timed(layer: SpikingLayer, spikes: SpikeTrains) -> list[float]:
    """Seconds of both passes."""
    start = time.process_time()
    out = layer(spikes)
    between = time.process_time()
    loss = torch.sin(50 * out.times).sum()
    begun = time.process_time()
    loss.backward()
    return [between - start, time.process_time() - begun]


def take_turns(
    turns: list[tuple[SpikingLayer, SpikeTrains, list[list[float]]]], rounds: int
) -> None:
    """Append the seconds of both passes of each layer on its spikes, in each of ``rounds``."""
    for turn in range(rounds + 2):
        for layer, spikes, seconds in turns:
            passes = timed(layer, spikes)
            if turn > 1:  # the first ones compile, and fill the caches
                seconds.append(passes)


def measure(quick: bool) -> list[dict[str, Any]]:
    """Rows with the seconds of both passes in each round."""
    torch.set_num_threads(1)
    batch, rounds = (4, 2) if quick else (32, ROUNDS)
    sounds = spoken(batch)
    rows: list[dict[str, Any]] = []
    for neuron, drive in KINDS:
        turns = []
        for channels, step in GRIDS:
            layer = SpikingLayer(channels, 128, neuron, 0.04, recurrent=True, drive=drive)
            balanced(layer, trains(sounds, channels, step, True), IN_TRAINING[neuron])
            for merged in (False, True):
                spikes = trains(sounds, channels, step, merged)
                with torch.no_grad():
                    activity = len(layer(spikes).times) / 128 / batch
                row = {"neuron": neuron, "drive": drive, "channels": channels, "step": step}
                row |= {"counts": merged, "events": len(spikes.times) / batch, "batch": batch}
                rows.append({**row, "activity": activity, "seconds": []})
                turns.append((layer, spikes, rows[-1]["seconds"]))
        take_turns(turns, rounds)
    return rows


if __name__ == "__main__":
    json.dump(measure("--quick" in sys.argv), sys.stdout)
