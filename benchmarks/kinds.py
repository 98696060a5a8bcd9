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
from engine import network, trainer

KINDS = [("lif", 0.0), ("lif", 0.5), ("qif", 0.0), ("qif", 0.5), ("qif_delta", 0.5)]
ROUNDS = 15


def measure(quick: bool) -> list[dict[str, Any]]:
    """Rows with the processor seconds of each round's update."""
    torch.set_num_threads(1)
    batch, rounds = (4, 2) if quick else (32, ROUNDS)
    rows: list[dict[str, Any]] = []
    for step in (1e-3, None):
        turns = []
        for kind in KINDS:
            net = network(Task(128, True, step, batch, *kind))
            update = trainer(net)
            for clip in (None, 1.0):
                row = {"neuron": kind[0], "drive": kind[1], "clipped": clip is not None}
                row["resolution"] = "full" if step is None else f"{1000 * step:g} ms"
                rows.append({**row, "activity": net.activity, "seconds": [], "batch": batch})
                turns.append((net.layer, clip, update, rows[-1]["seconds"]))
        for turn in range(rounds + 2):
            for layer, clip, update, seconds in turns:
                layer.sample_clip = clip
                start = time.process_time()
                update()
                if turn > 1:  # the first ones compile, and fill the caches
                    seconds.append(time.process_time() - start)
    return rows


if __name__ == "__main__":
    json.dump(measure("--quick" in sys.argv), sys.stdout)
