"""The search as rules: which jobs there are, and what each is given. Nothing is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smoke import ROOT, planned, snakemake

TWO_GENERATIONS = "search: {generations: 2}"
TRAINED = [
    f"results/spoken-digits-smoke/training/qif/{seed}/trained.safetensors" for seed in range(4)
]
SEARCHING = {"search_suggest", "search_trials", "search_finalists", "search_best"}
GENERATION = ["trials.json", "rung0/job0", "rung1/job0"]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory) -> list[tuple[str, list[str], list[str]]]:
    """Rule, inputs and outputs of each job behind QIF's networks after two generations."""
    folder = tmp_path_factory.mktemp("search")  # neither that of the code nor that of results
    (folder / "two.yaml").write_text(TWO_GENERATIONS)
    places = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder / "study")]
    files = ["--configfile", str(ROOT / "config" / "smoke.yaml"), str(folder / "two.yaml")]
    run = snakemake(folder, *places, *files, "--dry-run", "--forceall", "--", *TRAINED)
    assert run.returncode == 0, run.stdout + run.stderr
    found = re.findall(r"rule (\w+):\n(?:    input: (.*)\n)?    output: (.*)\n", run.stdout)
    return [(rule, inputs.split(", "), outputs.split(", ")) for rule, inputs, outputs in found]


def test_each_search_is_given_the_split_of_its_outer_fold(jobs) -> None:
    """Search 0 is in fold 0, search 1 in fold 1."""
    searching = [job for job in jobs if re.match("search_(suggest|trials|finalists|best)", job[0])]
    assert {rule for rule, _, _ in searching} == SEARCHING
    for _, inputs, outputs in searching:
        (search,) = {re.search(r"search/\w+/(\d)/", output)[1] for output in outputs}
        splits = [file for file in inputs if file.endswith("split.parquet")]
        assert splits == [f"results/spoken-digits-smoke/data/fold{search}/split.parquet"]


def test_networks_have_the_split_of_their_search(jobs) -> None:
    trained = [(inputs, outputs[0]) for rule, inputs, outputs in jobs if rule == "train"]
    assert len(trained) == 4
    for inputs, output in trained:
        (fold,) = (Path(file).parent.name for file in inputs if file.endswith("split.parquet"))
        assert fold == f"fold{int(Path(output).parent.name) // 2}"


def test_a_generation_is_suggested_from_all_earlier_records(jobs) -> None:
    given = {outputs[0]: inputs for rule, inputs, outputs in jobs if rule == "search_suggest"}
    assert len(given) == 2 * 2  # generations of two searches
    for output, inputs in given.items():
        folder = output.removesuffix("1/trials.json")
        earlier = [f"{folder}0/{name}" for name in GENERATION] if output != folder else []
        assert inputs[:-1] == earlier


def test_each_seed_is_trained_with_the_winner_of_its_search(jobs) -> None:
    winners = {
        outputs[0].split("/")[-2]: re.findall(r"search/qif/(\d)/best\.yaml", " ".join(inputs))
        for rule, inputs, outputs in jobs
        if rule == "train"
    }
    assert winners == {"0": ["0"], "1": ["0"], "2": ["1"], "3": ["1"]}


def test_more_generations_reuse_every_finished_trial(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(TWO_GENERATIONS)
    found = planned(finished, str(tmp_path / "two.yaml"))
    per_search = {"search_suggest": 1, "search_trials": 2, "search_finalists": 1, "search_best": 1}
    searches = 2 * 2
    assert {rule: found[rule] for rule in per_search} == {
        rule: n * searches for rule, n in per_search.items()
    }
    assert not {"split", "compile_engine"} & set(found)
