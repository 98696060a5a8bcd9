"""The search as rules: which jobs there are, and what each is given. Nothing is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smoke import planned, snakemake

SEARCH = "results/spoken-digits-smoke/search"
TRAINED = [
    f"results/spoken-digits-smoke/training/qif/{seed}/trained.safetensors" for seed in range(4)
]
Job = tuple[str, list[str], str]
"""Rule, inputs, first output."""


@pytest.fixture(scope="module")
def jobs(finished: Path) -> list[Job]:
    """Each job behind QIF's networks that follows from new trials."""
    run = snakemake(finished, "--dry-run", "--forcerun", "search_trials", "--", *TRAINED)
    assert run.returncode == 0, run.stdout + run.stderr
    found = re.findall(
        r"(?:rule|checkpoint) (\w+):\n    input: (.*)\n    output: (.*)\n", run.stdout
    )
    return [(rule, given.split(", "), made.split(", ")[0]) for rule, given, made in found]


def test_each_job_has_the_split_of_its_searchs_outer_fold(jobs: list[Job]) -> None:
    """Search 0 is in fold 0, search 1 in fold 1, with two seeds each."""
    assert {rule for rule, _, _ in jobs} == {
        *("search_trials", "search_suggest", "search_best", "train")
    }
    for rule, inputs, output in jobs:
        number = int(re.search(r"qif/(\d)/", output)[1])
        fold = number // 2 if rule == "train" else number
        splits = [file for file in inputs if file.endswith("split.parquet")]
        assert splits == [f"results/spoken-digits-smoke/data/fold{fold}/split.parquet"]


def test_a_generation_is_suggested_from_all_earlier_records(jobs: list[Job]) -> None:
    given = {output: inputs for rule, inputs, output in jobs if rule == "search_suggest"}
    for search in (0, 1):
        first, second = (f"{SEARCH}/qif/{search}/generations/{g}" for g in (0, 1))
        earlier = [f"{first}/{name}" for name in ("trials.json", "rung0/job0", "rung1/job0")]
        assert given.pop(f"{second}/trials.json")[:-1] == earlier
    assert not given


def test_each_seed_is_trained_with_the_winner_of_its_search(jobs: list[Job]) -> None:
    winners = {
        output.split("/")[-2]: re.findall(r"search/qif/(\d)/best\.yaml", " ".join(inputs))
        for rule, inputs, output in jobs
        if rule == "train"
    }
    assert winners == {"0": ["0"], "1": ["0"], "2": ["1"], "3": ["1"]}


def test_more_generations_reuse_every_finished_trial(finished: Path, tmp_path: Path) -> None:
    """What comes after the first is not known before it is asked again."""
    (tmp_path / "two.yaml").write_text("search: {generations: 2}")
    found = planned(finished, str(tmp_path / "two.yaml"))
    assert (found["search_suggest"], found["search_best"]) == (4, 4)
    assert not {"search_trials", "split", "compile_engine"} & set(found)


def test_there_is_no_generation_that_the_budget_does_not_pay(finished: Path) -> None:
    """Its budget pays one generation, after which come the finalists: one, on two inner folds."""
    made = sorted(path.name for path in (finished / SEARCH / "lif/0/generations").iterdir())
    assert made == ["0", "1"]
    folder = finished / SEARCH / "lif/0/generations/1"
    assert len(list(folder.glob("rung*/job*/*.json"))) == 2
