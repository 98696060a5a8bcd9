"""The cochlea beside lauscher, the program that made SHD: digits per core-second.

The same word goes through both, from the sound to the spikes of 700 bushy cells. What is counted
is processor time, of child processes too, so that cores do not matter. lauscher takes a hundred
seconds a word, in proportion to its channels: it is given every tenth part of them.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from importlib.metadata import version
from statistics import median
from typing import Any

import numpy as np
from lauscher.audiowaves import MonoAudioWave
from lauscher.helpers import CommandLineArguments
from lauscher.transformations import (
    BasilarMembrane,
    BushyCell,
    HairCell,
    HanningWindow,
    RmsNormalizer,
)

from spikegrad.cochlea import LEVEL, RAMP, Cochlea
from spikegrad.membrane import Membrane
from study.data.speech import SAMPLE_RATE, speak
from workload import N_UNITS

ROUNDS = 7


def measure(quick: bool) -> list[dict[str, Any]]:
    """Rows for both, for one word."""
    sound = speak("seven", "en", "f1", 180, 50, 50)
    share = 100 if quick else 10
    start = core_seconds()
    ear = Cochlea(Membrane.build(N_UNITS, len(sound) / SAMPLE_RATE, SAMPLE_RATE))
    once = core_seconds() - start
    rng = np.random.default_rng(0)

    def ours() -> int:
        return len(ear.spikes(sound, rng)[0])

    def theirs() -> int:
        CommandLineArguments().num_concurrent_jobs = 1
        np.random.seed(0)  # noqa: NPY002  lauscher draws from numpy's global generator
        wave = MonoAudioWave(sound.astype(np.float64), SAMPLE_RATE)
        for step in (
            RmsNormalizer(LEVEL),
            HanningWindow(RAMP, RAMP),
            BasilarMembrane(N_UNITS // share),
            HairCell(),
            BushyCell(),
        ):
            wave = wave.transform(step)
        return len(wave.spike_labels)

    ours()  # compiles
    name = f"lauscher {version('lauscher')}, {N_UNITS // share} channels, times {share}"
    return [
        {"program": "spikegrad", "once": once, **timed(ours, ROUNDS, 1)},
        {"program": name, "once": 0.0, **timed(theirs, 1, share)},
    ]


def timed(job: Callable[[], int], n_rounds: int, share: int) -> dict[str, Any]:
    """Core-seconds and spikes of a call that does one of ``share`` parts of the work."""
    seconds = []
    for _ in range(n_rounds):
        start = core_seconds()
        spikes = job()
        seconds.append(core_seconds() - start)
    return {"core_seconds": share * median(seconds), "spikes": share * spikes}


def core_seconds() -> float:
    """Processor time of this process and of its finished children."""
    usage = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


if __name__ == "__main__":
    print(json.dumps(measure("--quick" in sys.argv)))
