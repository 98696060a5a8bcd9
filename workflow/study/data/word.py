"""A spoken word as spikes beside a study's networks, for the example on its page.

``python -m study.data.word docs/results/heidelberg-digits acht de m1`` speaks "acht" in German with
espeak-ng's voice m1. Nothing of the study's data is in the file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import yaml

from spikegrad.cochlea import Cochlea
from spikegrad.files import atomic
from spikegrad.network import load_network
from study.data.heidelberg_digits import LABELS
from study.data.speech import SAMPLE_RATE, speak

RATE, PITCH, PITCH_RANGE = 150, 50, 50


def write_word(folder: Path, word: str, language: str, voice: str) -> None:
    """Write networks/word.npz of the study in ``folder``: times, units and counts on the grid of
    its networks' input, duration, the word, and the names of all classes.

    SpeechError if espeak-ng cannot say it.
    """
    data = yaml.safe_load((folder / "study.yaml").read_text())["data"]
    _, about = load_network(next(iter(sorted(folder.glob("networks/*.safetensors")))))
    names = about.get("class_names", LABELS)  # networks of earlier versions have none
    cochlea = Cochlea.build(data["n_units"], data["duration"], SAMPLE_RATE)
    sound = speak(word, language, voice, RATE, PITCH, PITCH_RANGE)
    heard = cochlea.hear([sound], SAMPLE_RATE, data["duration"])
    spikes = heard.coarse(
        data["n_units"] // (data.get("channels") or data["n_units"]), data["time_step"]
    )
    with atomic(folder / "networks" / "word.npz") as part, part.open("wb") as file:
        np.savez_compressed(
            file,
            times=spikes.times.numpy(),
            units=spikes.units.numpy().astype(np.uint16),
            counts=spikes.multiplicities.numpy().astype(np.uint16),
            duration=spikes.duration,
            word=word,
            class_names=np.array(names),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="a published study")
    parser.add_argument("word")
    parser.add_argument("language", help="espeak-ng's name of it: en, de, ...")
    parser.add_argument("voice", help="espeak-ng's name of a voice variant: m1, f2, ...")
    options = parser.parse_args()
    write_word(options.folder, options.word, options.language, options.voice)


if __name__ == "__main__":
    main()
