"""Recordings through the workflow: from an archive on the web to spikes, and what is planned."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
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
from webserver import serving


def alone(name: str) -> dict[str, Any]:
    """A shipped study file without what it is based on: here it is laid over smoke.yaml."""
    content = yaml.safe_load((ROOT / "config" / name).read_text())
    return {key: value for key, value in content.items() if key != "based_on"}


def fsdd_zip() -> bytes:
    """FSDD's names and layout, with noise for speech: two digits, three speakers, four takes."""
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("free-spoken-digit-dataset-master/README.md", "FSDD")
        for speaker in ("george", "jackson", "theo"):
            for digit in range(2):
                for take in (0, 4, 5, 49):
                    sound, file = 0.1 * rng.standard_normal(1600), io.BytesIO()
                    soundfile.write(file, sound, 8000, subtype="PCM_16", format="WAV")
                    name = f"recordings/{digit}_{speaker}_{take}.wav"
                    archive.writestr(f"free-spoken-digit-dataset-master/{name}", file.getvalue())
    return stream.getvalue()


def test_fsdd_from_the_web_to_its_spikes(tmp_path: Path) -> None:
    project = copy_repository(tmp_path)
    config = alone("fsdd.yaml")
    recordings = config["data"]["recordings"]
    recordings |= {"n_files": 24, "jobs": 1}
    config["data"] |= {"n_units": 20, "duration": 0.3, "folds": None}
    data = project / "results" / "fsdd" / "data"
    with serving(fsdd_zip()) as server:
        server.faults = ["hang up"]
        recordings["archive"] |= {"urls": [server.url], "path": None}
        (project / "mine.yaml").write_text(yaml.safe_dump(config))
        run = snakemake(project, "mine.yaml", "--", "results/fsdd/data/train.h5")
        assert run.returncode == 0, run.stdout + run.stderr
        assert server.asked[0] == 0
        assert server.asked[1] > 0
    table = pd.read_csv(data / "recordings.csv")
    assert Counter(table["split"]) == {"test": 12, "train": 12}
    assert table["file"].str.contains("_[04].wav")[table["split"] == "test"].all()
    for split in ("train", "test"):
        samples = read_all(data / f"{split}.h5", 20, 0.3)
        rows = table[table["split"] == split]
        assert [s.label for s in samples] == rows["label_number"].tolist()
        assert [s.speaker for s in samples] == rows["speaker_number"].tolist()
        assert all(len(s.times) > 20 for s in samples)
    assert not (data / "encoded").exists()


def test_a_file_that_is_new_in_a_folder_of_a_folder_is_noticed(tmp_path: Path) -> None:
    """Snakemake looks at the times of the outer folder alone."""
    project = copy_repository(tmp_path)
    words, table = project / "words", "results/my-words/data/recordings.csv"
    noise = np.random.default_rng(0).standard_normal((4, 1600))
    for number, name in enumerate(("up/a_0", "up/b_0", "down/a_0", "down/b_0")):
        file = words / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, 0.1 * noise[number], 8000)
    config = alone("smoke.yaml")
    own = {"source": "recordings", "recordings": {"folder": "words"}, "folds": None}
    config |= {"dataset": "my-words", "data": config["data"] | own}
    (project / "mine.yaml").write_text(yaml.safe_dump(config))
    run = snakemake(project, "mine.yaml", "--", table)
    assert run.returncode == 0, run.stdout + run.stderr
    assert not planned(project, "mine.yaml", targets=(table,))
    soundfile.write(words / "up" / "b_0.wav", 0.1 * noise[0], 8000)  # as long as before
    assert planned(project, "mine.yaml", targets=(table,))["tabulate"] == 1


@pytest.mark.weekly
def test_recordings_of_the_heidelberg_digits_are_encoded_and_not_downloaded(tmp_path: Path) -> None:
    project = copy_repository(tmp_path)
    config = alone("heidelberg.yaml")
    config["data"]["heidelberg_digits"]["path"] = "hd"
    (project / "mine.yaml").write_text(yaml.safe_dump(config))
    (project / "hd").mkdir()
    data = f"results/{config['dataset']}/data"
    targets = f"{data}/shd", f"{data}/figures/shd_comparison.png"
    needed = planned(project, "mine.yaml", targets=targets)
    jobs = {"download_archive": 0, "tabulate": 1, "encode": 12, "merge_encoded": 1}
    assert {name: needed[name] for name in jobs} == jobs
    assert needed["data/figures/shd_comparison"] == 1


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
