"""Recordings through the workflow: from sounds to spikes, and beside SHD."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from smoke import ROOT, copy_repository, planned, snakemake
from spikefiles import read_all
from study.data.heidelberg_digits import WORDS
from study.data.layout import Sample, write_spike_file
from study.data.shd import RATES


def alone(name: str) -> dict[str, Any]:
    """A shipped study file without what it is based on: here it is laid over smoke.yaml."""
    content = yaml.safe_load((ROOT / "config" / name).read_text())
    return {key: value for key, value in content.items() if key != "based_on"}


def test_a_folder_of_sounds_becomes_spikes_and_a_new_file_in_it_is_noticed(tmp_path: Path) -> None:
    """In a folder of the folder: Snakemake looks at the times of the outer one alone."""
    project = copy_repository(tmp_path)
    words, made = project / "words", "results/my-words/data/train.h5"
    noise = 0.1 * np.random.default_rng(0).standard_normal((4, 2400))
    for number, name in enumerate(("up/a", "up/b", "down/a", "down/b")):
        file = words / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, noise[number], 24_000)
    config = alone("smoke.yaml")
    sounds = {"folder": "words", "sample_rate": 24_000}
    own = {"source": "recordings", "recordings": sounds, "folds": None, "n_units": 20}
    config |= {"dataset": "my-words", "data": config["data"] | own | {"duration": 0.2}}
    (project / "mine.yaml").write_text(yaml.safe_dump(config))
    run = snakemake(project, "mine.yaml", "--", made)
    assert run.returncode == 0, run.stdout + run.stderr
    samples = read_all(project / made, 20, 0.2)
    assert [sample.label for sample in samples] == [0, 1]
    assert not planned(project, "mine.yaml", targets=(made,))
    soundfile.write(words / "up" / "b.wav", noise[0], 24_000)  # as long as before
    assert planned(project, "mine.yaml", targets=(made,))["tabulate"] == 1


def test_the_heidelberg_digits_stand_beside_shd(tmp_path: Path) -> None:
    """From spike files to the table and the figure; rates are those that the samples were given."""
    project = copy_repository(tmp_path)
    rng, words = np.random.default_rng(0), WORDS["english"] + WORDS["german"]
    given: dict[int, list[float]] = {}
    for split, speakers in (("train", set(RATES)), ("test", {4, 5})):
        samples = []
        for speaker, label in product(sorted(speakers), range(len(words))):
            times = np.sort(rng.uniform(0, 0.7, rng.integers(50, 100))).astype(np.float32)
            samples.append(Sample(times, rng.integers(0, 700, len(times)), label, speaker))
            given.setdefault(speaker, []).append(len(times) / times[-1] / 1000)
        write_spike_file(project / f"{split}.h5", samples, words)
    config = alone("heidelberg.yaml")
    config["data"] |= {"channels": None, "time_step": None, "folds": None}
    config["data"]["heidelberg_digits"]["spikes"] = {"train": "train.h5", "test": "test.h5"}
    (project / "mine.yaml").write_text(yaml.safe_dump(config))
    data = f"results/{config['dataset']}/data"
    targets = f"{data}/shd", f"{data}/figures/shd_comparison.png"
    run = snakemake(project, "mine.yaml", "--", *targets)
    assert run.returncode == 0, run.stdout + run.stderr
    assert not re.search("rule (download_archive|tabulate|encode):", run.stdout + run.stderr)
    table = pd.read_csv(project / targets[0] / "comparison.csv").set_index("quantity")
    for speaker, published in RATES.items():
        row = table.loc[f"rate of speaker {speaker}"]
        assert row["here"] == pytest.approx(np.mean(given[speaker]), rel=1e-3)
        assert row["shd"] == published
    assert (project / targets[1]).stat().st_size > 10_000
