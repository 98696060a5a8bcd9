"""Recordings through the workflow: from an archive on the web to a summary, and what is planned."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from smoke import ROOT, copy_repository, snakemake
from study.data.shd import CHANNELS, DURATIONS, RATES, SPIKES, compare
from webserver import serving

SPEAKERS = ("george", "jackson", "theo")


def fsdd_zip() -> bytes:
    """FSDD's names and layout, with noise for speech: two digits, three speakers, seven takes."""
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("free-spoken-digit-dataset-master/README.md", "FSDD")
        for speaker in SPEAKERS:
            for digit in range(2):
                for take in (0, 4, 5, 6, 17, 30, 49):
                    sound, file = 0.1 * rng.standard_normal(1600), io.BytesIO()
                    soundfile.write(file, sound, 8000, subtype="PCM_16", format="WAV")
                    name = f"recordings/{digit}_{speaker}_{take}.wav"
                    archive.writestr(f"free-spoken-digit-dataset-master/{name}", file.getvalue())
    return stream.getvalue()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_repository(tmp_path)


def test_fsdd_from_the_web_to_its_summary(project: Path) -> None:
    config = yaml.safe_load((ROOT / "config" / "fsdd.yaml").read_text())
    recordings = config["data"]["recordings"]
    recordings |= {"n_files": 42, "jobs": 2}
    config["data"] |= {"n_units": 20, "duration": 0.3}
    targets = [f"results/fsdd/data/{name}" for name in ("summary.csv", "recordings.csv")]
    with serving(fsdd_zip()) as server:
        server.faults = ["hang up"]
        recordings["archive"] |= {"urls": [server.url], "path": None}
        (project / "mine.yaml").write_text(yaml.safe_dump(config))
        run = snakemake(project, "mine.yaml", "--", *targets)
        assert run.returncode == 0, run.stdout + run.stderr
        assert server.asked[0] == 0
        assert server.asked[1] > 0
    data = project / "results" / "fsdd" / "data"
    table = pd.read_csv(data / "recordings.csv")
    assert Counter(table["split"]) == {"test": 12, "train": 30}
    assert table["file"].str.contains("_[04].wav")[table["split"] == "test"].all()
    summary = pd.read_csv(data / "summary.csv").set_index("group")
    assert summary["samples"].sum() == 42
    assert summary["samples"]["test, known speakers"] == 12
    assert (summary["classes"] == 2).all()
    assert (summary["spikes_min"] > 20).all()
    assert not (data / "heard").exists()

    # a folder with the same files gives the same spikes, without the web
    train = (data / "train.h5").read_bytes()
    shutil.rmtree(project / "results")
    with zipfile.ZipFile(io.BytesIO(fsdd_zip())) as archive:
        archive.extractall(project / "mine")
    recordings["archive"]["path"] = "mine"
    (project / "mine.yaml").write_text(yaml.safe_dump(config))
    run = snakemake(project, "mine.yaml", "--", "results/fsdd/data/train.h5")
    assert run.returncode == 0, run.stdout + run.stderr
    assert (data / "train.h5").read_bytes() == train


@pytest.mark.parametrize(
    ("settings", "jobs"),
    [
        ({}, {"download_archive": 1, "tabulate": 1, "listen": 12, "merge_heard": 1}),
        ({"path": "hd"}, {"download_archive": 0, "tabulate": 1, "listen": 12, "merge_heard": 1}),
        (
            {"spikes": {"train": "hd/a.h5", "test": "hd/b.h5"}},
            {"download_archive": 0, "tabulate": 0, "listen": 0, "prepare": 1},
        ),
    ],
)
def test_what_the_heidelberg_digits_need(project: Path, settings: dict, jobs: dict) -> None:
    config = yaml.safe_load((ROOT / "config" / "heidelberg.yaml").read_text())
    config["data"]["heidelberg_digits"] |= settings
    (project / "mine.yaml").write_text(yaml.safe_dump(config))
    (project / "hd").mkdir()
    for name in ("a.h5", "b.h5"):
        (project / "hd" / name).touch()
    targets = ["shd_comparison.csv", "figures/shd_comparison.png"]
    run = snakemake(
        project, "mine.yaml", "--dry-run", "--",
        *[f"results/heidelberg-digits/data/{name}" for name in targets],
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    planned = Counter(re.findall(r"^(?:local)?rule (\w+):$", run.stdout + run.stderr, re.MULTILINE))
    assert {name: planned[name] for name in jobs} == jobs
    assert planned["plot_shd_comparison"] == 1


def test_differences_from_shd_are_none_where_there_is_none() -> None:
    """Made-up samples with SHD's own statistics, but for their number of spikes."""
    rng = np.random.default_rng(0)
    tables = []
    for speaker, rate in RATES.items():
        last = rng.uniform(0.5, 1, 400)
        table = pd.DataFrame({"spikes": 1000 * rate * last, "last_spike": last})
        tables.append(table.assign(speaker=speaker, channels=rng.normal(558, 38, 400)))
    samples = pd.concat(tables).assign(group="train")
    samples["class"] = rng.choice(["zero", "neun"], len(samples))
    samples.loc[samples["class"] == "neun", "channels"] = 0.0  # German words do not count there
    row = compare(samples).set_index("quantity")
    for speaker in RATES:
        assert row.loc[f"rate of speaker {speaker}", "difference"] == pytest.approx(0, abs=1e-9)
    assert row.loc["rate, correlation over speakers", "here"] == pytest.approx(1)
    name = "spikes of a training sample, mean"
    assert row.loc[name, "percent"] == pytest.approx(100 * (samples["spikes"].mean() / SPIKES - 1))
    for measure, published in CHANNELS.items():
        here = row.loc[f"channels that spike, English training words, {measure}", "here"]
        assert here == pytest.approx(published, rel=0.05)
    assert row.loc["duration, median", "here"] == samples["last_spike"].median()
    assert row.loc["duration, median", "shd"] == DURATIONS["median"]
