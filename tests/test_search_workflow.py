"""The search as rules, really run: killed and resumed, on one core and two, extended."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from spikefiles import shd_file

ROOT = Path(__file__).parents[1]
TARGETS = ("results/files/search/qif/0/best.yaml",)
SETTINGS: dict[str, Any] = {
    "dataset": "files",
    "data": {"source": "files", "n_units": 30, "duration": 1.0},
    "neurons": {"qif": {}},
    "search": {
        "trials": {"per_generation": 4, "epochs": [1, 3], "eta": 4, "per_job": 2, "samples": 30},
        "selection": {"finalists": 1, "seeds": 1},
    },
}


def project(folder: Path, generations: int = 2) -> Path:
    """A folder with the workflow, the library, data and settings."""
    for part in ("workflow", "config", "envs", "src"):
        shutil.copytree(ROOT / part, folder / part)
    data = {
        name: str(shd_file(folder / f"{name}.h5", seed=k))
        for k, name in enumerate(["train", "test"])
    }
    write_settings(folder, generations, data)
    return folder


def write_settings(folder: Path, generations: int, data: dict[str, str]) -> None:
    settings = json.loads(json.dumps(SETTINGS))
    settings["data"]["files"] = data
    settings["search"]["generations"] = generations
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))


def command(*options: str, targets: tuple[str, ...] = TARGETS) -> list[str]:
    return [
        sys.executable, "-m", "snakemake", "--workflow-profile", "none", "--nolock",
        "--rerun-incomplete", "--configfile", "config/smoke.yaml", "settings.yaml", *options,
        "--", *targets,
    ]  # fmt: skip


def run(folder: Path, *options: str, targets: tuple[str, ...] = TARGETS) -> str:
    done = subprocess.run(
        command(*options, targets=targets),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def planned(folder: Path) -> Counter[str]:
    text = run(folder, "--cores", "1", "--dry-run")
    found = Counter(re.findall(r"^(?:local)?rule (\w+):$", text, re.MULTILINE))
    return Counter({rule: n for rule, n in found.items() if rule.startswith("search")})


def killed_at_random_moments(folder: Path, seed: int, times: int) -> None:
    """Start the workflow ``times`` times, and kill it and its jobs with signal 9."""
    draw = random.Random(seed)
    for _ in range(times):
        process = subprocess.Popen(
            command("--cores", "2"), cwd=folder, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(draw.uniform(4, 14))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def records(folder: Path) -> dict[str, Any]:
    """All files of the search but for times, by name."""
    found = {}
    search = folder / "results" / "files" / "search"
    for path in sorted(search.rglob("*.json")):
        content = json.loads(path.read_text())
        if isinstance(content, dict):
            del content["seconds"]
        found[str(path.relative_to(search))] = content
    found["best"] = (search / "qif" / "0" / "best.yaml").read_text()
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project(tmp_path_factory.mktemp("search"))
    run(folder, "--cores", "1")
    return folder


def test_killed_and_resumed_on_two_cores_gives_what_one_core_gives(finished: Path, tmp_path: Path):
    other = project(tmp_path / "killed")
    killed_at_random_moments(other, seed=0, times=3)
    run(other, "--cores", "2")
    assert records(other) == records(finished)
    assert len(records(other)) == 2 + 8 + 2 + 2 + 1  # suggestions, two rungs, finalists, best
    assert not list((other / "results").rglob("*.safetensors"))


def test_more_generations_reuse_every_finished_trial(finished: Path):
    before = records(finished)
    data = yaml.safe_load((finished / "settings.yaml").read_text())["data"]["files"]
    write_settings(finished, 3, data)
    try:
        jobs = planned(finished)
    finally:
        write_settings(finished, 2, data)
    per_generation = {"search_suggest": 1, "search_trials": 3}
    assert jobs == Counter({**per_generation, "search_finalists": 2, "search_best": 1})
    assert planned(finished) == Counter()
    assert records(finished) == before


def test_each_seed_is_trained_with_the_winner_of_its_search(finished: Path):
    trained = tuple(f"results/files/training/qif/{seed}/best.safetensors" for seed in range(4))
    text = run(finished, "--cores", "1", "--dry-run", targets=trained)
    jobs = re.findall(r"rule train:\n    input: (.*)\n    output: \S*/qif/(\d)/", text)
    winners = {seed: re.findall(r"search/qif/(\d)/best\.yaml", inputs) for inputs, seed in jobs}
    assert winners == {"0": ["0"], "1": ["0"], "2": ["1"], "3": ["1"]}
    other = r"search/qif/1/generations/(\d)/trials\.json"
    assert set(re.findall(rf"output: \S*{other}", text)) == {"0", "1"}


def test_no_job_of_the_search_is_given_test_data(finished: Path):
    text = run(finished, "--cores", "1", "--dry-run", "--forceall")
    jobs = re.findall(r"rule (search_\w+):\n    input: (.*)\n", text)
    assert {name for name, _ in jobs} >= {"search_data", "search_trials", "search_finalists"}
    for name, inputs in jobs:
        assert "test.h5" not in inputs, name
        assert "data/events.h5" not in inputs, name
