"""What delays and a trained time constant cost: rec128 on spoken digits at 1 ms, beside none.

Forward and backward on one thread, in processor time; all cases of a neuron take turns. Delays of
the input are whole milliseconds, so that arrivals stay on the grid.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

import torch

from coarse import balanced, spoken, take_turns, trains
from spikegrad.delays import DelayLine
from spikegrad.layers import SpikingLayer
from study.estimate.size import IN_TRAINING

KINDS = (("lif", 0.0), ("qif", 0.0))
FINE, COARSE = (700, 0.001, False), (140, 0.004, True)  # channels, seconds, events with counts
LINE = 10  # copies, 32 ms apart
ROUNDS = 15
# Name; grid; copies of a line; settings of the layer.
CASES: dict[str, tuple[tuple[int, float, bool], int, dict[str, Any]]] = {
    "none": (FINE, 1, {}),
    "trained time constant": (FINE, 1, {"train_tau": True}),
    "axonal, input": (FINE, 1, {"delays": "axonal"}),
    "axonal, recurrent": (FINE, 1, {"delays": "axonal", "min_delay": 0.001}),
    "axonal, both": (FINE, 1, {"delays": "axonal", "min_delay": 0.001}),
    "axonal, both, off the grid": (FINE, 1, {"delays": "axonal", "min_delay": 0.001}),
    "axonal, both, shared on a grid": (FINE, 1, {"delays": "axonal", "grid": 0.001}),
    "synaptic": (FINE, 1, {"delays": "synaptic", "grid": 0.001}),
    "line of ten": (FINE, LINE, {}),
    "line of ten, 140 channels at 4 ms": (COARSE, LINE, {}),
}


def place_delays(case: str, layer: SpikingLayer) -> None:
    """Delays of up to 0.15 s: whole milliseconds, or 0 where the case has none."""
    for name, parameter in (("input", layer.input_delay), ("recurrent", layer.recurrent_delay)):
        if parameter is None or layer.grid > 0:
            continue
        least = layer.min_delay if name == "recurrent" else 0.0
        share = torch.rand(
            parameter.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64
        )
        if "off the grid" in case:
            delays = least + (0.15 - least) * share
        elif name in case or "both" in case:
            delays = 0.001 * (150 * share).ceil()
        else:
            delays = torch.zeros_like(share)
        parameter.data.copy_(delays)


def measure(quick: bool) -> list[dict[str, Any]]:
    """Rows with the seconds of both passes in each round."""
    torch.set_num_threads(1)
    batch, rounds = (4, 2) if quick else (32, ROUNDS)
    sounds = spoken(batch)
    rows: list[dict[str, Any]] = []
    for neuron, drive in KINDS:
        turns = []
        for case, ((channels, step, counts), copies, settings) in CASES.items():
            spikes = trains(sounds, channels, step, counts)
            if copies > 1:
                spikes = DelayLine(channels, copies, 0.032)(spikes)
            layer = SpikingLayer(
                copies * channels, 128, neuron, 0.04, recurrent=True, drive=drive, **settings
            )
            activity = balanced(layer, spikes, IN_TRAINING[neuron], partial(place_delays, case))
            row = {"neuron": neuron, "case": case, "batch": batch, "activity": activity}
            rows.append({**row, "events": len(spikes.times) / batch, "seconds": []})
            if case == "axonal, recurrent":
                layer.input_delay.requires_grad_(False)
            turns.append((layer, spikes, rows[-1]["seconds"]))
        take_turns(turns, rounds)
    return rows


if __name__ == "__main__":
    json.dump(measure("--quick" in sys.argv), sys.stdout)
