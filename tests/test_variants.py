"""Variants: which trainings they consist of, mistakes, and what their tables and jobs are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from configs import settings
from smoke import replanned
from spikegrad.network import load_network
from spikegrad.settings import ConfigError, validate
from study.config.study import Study
from study.config.variants import Case, by_file, changed_models, neurons_of, slug
from study.search.selection import NO_WINNER, best_winner

RESULTS = Path("results/spoken-digits-smoke")


def study(variants: Any, **changes: Any) -> Study:
    """The smoke study with these ``variants``."""
    return validate(Study, {**settings("smoke.yaml"), "variants": variants, **changes})


def test_each_change_is_a_case_with_a_folder() -> None:
    changes = {"drive 0": {"network.drive": 0.0}, "3000x4": {"samples": 3000, "network.tau": 0.03}}
    made = study({"a b": {"neurons": ["lif"], "changes": changes}, "c": {}})
    assert made.variants["a b"].cases == {
        "drive-0": Case("drive 0", {"network.drive": 0.0}, None),
        "3000x4": Case("3000x4", {"network.tau": 0.03}, 3000),
    }
    assert made.variants["c"].cases == {"only": Case("", {}, None)}
    assert by_file(made) == {"a-b": "a b", "c": "c"}
    assert [neurons_of(made, made.variants[name]) for name in ("a b", "c")] == [
        ["lif"],
        ["lif", "qif"],
    ]
    assert slug("blended words, too") == "blended-words-too"
    changed = {key: after.network.tau for key, _, after in changed_models(made)}
    assert changed["variants.a b.changes.3000x4"] == 0.03


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        (
            {"changes": {"0": {"network.drve": 0.0}}},
            "variants.v.changes.0: 'network.drve' is not a",
        ),
        ({"changes": {"0": {"network.tau": 20.0}}}, "20 s is not within 0.0001 to 1 s"),
        ({"changes": {"0": {"samples": 0.5}}}, "changes.0.samples = 0.5 is not a whole number"),
        ({"changes": {"a b": {}, "a-b": {}}}, "two changes share the folder 'a-b'"),
    ],
)
def test_a_mistake_is_named_before_the_first_job(variant: dict, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        study({"v": variant})
    assert message in str(caught.value)


def test_mistakes_about_names_and_what_a_study_lacks() -> None:
    for names in (["a b", "a-b"], ["speakers"]):
        with pytest.raises(ConfigError, match="rename one"):
            study({name: {} for name in names})
    assert study({"v": {}, "w": None}, search=None).variants.keys() == {"v"}
    assert study(None).variants == {}
    left_out = study({"v": {"neurons": ["qif"]}}, neurons={"lif": {}})
    assert by_file(left_out) == {}  # who leaves a neuron out leaves out its variants


def test_of_several_winners_the_best_by_validation_is_taken(tmp_path: Path) -> None:
    files = [tmp_path / f"{k}.yaml" for k in range(3)]
    for k, (file, accuracy) in enumerate(zip(files, (0.5, 0.7, 0.6), strict=True)):
        winner = {"validation_accuracy": accuracy}
        file.write_text(yaml.safe_dump({"search": k, "parameters": {}, "winner": winner}))
    assert best_winner(files)["search"] == 1
    assert best_winner(files[2:])["search"] == 2
    assert best_winner([]) == NO_WINNER


def test_tables_hold_what_was_asked(finished: Path) -> None:
    """Networks have the winner's settings but for the change; scores are those of their answers."""
    folder = finished / RESULTS / "variants"
    best = yaml.safe_load((finished / RESULTS / "search/lif/0/best.yaml").read_text())
    (run,) = pd.read_csv(folder / "scores/slower/runs.csv").to_dict("records")
    network, about = load_network(folder / "networks/slower/0.03-s/lif/0/trained.safetensors")
    assert (run["search"], run["fold"], run["to"]) == (0, "fold0", "0.03 s")
    model = validate(Study, settings("smoke.yaml")).model("lif")
    found = model.with_parameters(best["parameters"]).network
    assert network.settings == found.model_copy(update={"tau": 0.03})
    history = pd.read_parquet(folder / "networks/slower/0.03-s/lif/0/history.parquet")
    assert history["presentations"].max() == 12 * (len(history) - 1)
    assert run["validation_accuracy"] == about["outcome"]["validation_accuracy"]
    speakers = pd.read_csv(folder / "scores/slower/speakers.csv")
    assert set(speakers["speaker"]) == {0, 1}  # of the first outer fold
    assert speakers["unseen_speaker"].all()
    right = (speakers["accuracy"] * speakers["answers"]).sum()
    assert right / speakers["answers"].sum() == pytest.approx(run["accuracy"])


def test_an_edit_of_a_variant_repeats_no_other(finished: Path, tmp_path: Path) -> None:
    change = {"slower": {"changes": {"0.03 s": {"network.tau": 0.04}}}}
    jobs = replanned(finished, tmp_path, variants=change)
    assert (jobs["train"], jobs["variants/scores/slower"]) == (1, 1)
    others = {"training/lif/0", "networks/jobs/lif/0", "search_trials", "training/runaway"}
    assert not others & set(jobs)
