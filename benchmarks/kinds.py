"""Neuron models beside each other at the same number of spikes, samples clipped or not.

Updates of rec128 on one thread, in processor time; all kinds take turns.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch

from contestant import Task
from engine import Network, network, trainer

KINDS = [("lif", 0.0), ("lif", 0.5), ("qif", 0.0), ("qif", 0.5), ("qif_delta", 0.5)]
ROUNDS = 15


def measure(quick: bool) -> list[dict[str, Any]]:
    """Rows with the processor seconds of each round's update."""
    torch.set_num_threads(1)
    batch, rounds = (4, 2) if quick else (32, ROUNDS)
    rows: list[dict[str, Any]] = []
    for step in (1e-3, None):
        nets: dict[tuple[str, float], Network] = {
            (neuron, drive): network(Task(128, True, step, batch, neuron, drive))
            for neuron, drive in KINDS
        }
        updates = {kind: trainer(net) for kind, net in nets.items()}
        seconds: dict[tuple[str, float, float | None], list[float]] = {}
        for turn in range(rounds + 2):
            for kind, update in updates.items():
                for clip in (None, 1.0):
                    nets[kind].layer.sample_clip = clip
                    start = time.process_time()
                    update()
                    if turn > 1:  # the first ones compile, and fill the caches
                        took = time.process_time() - start
                        seconds.setdefault((*kind, clip), []).append(took)
        rows += [
            {
                "neuron": neuron,
                "drive": drive,
                "clipped": clip is not None,
                "resolution": "full" if step is None else f"{1000 * step:g} ms",
                "activity": nets[neuron, drive].activity,
                "seconds": own,
                "batch": batch,
            }
            for (neuron, drive, clip), own in seconds.items()
        ]
    return rows


if __name__ == "__main__":
    json.dump(measure("--quick" in sys.argv), sys.stdout)
