"""Variants: which runs they consist of, mistakes, and what their tables and jobs are."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from configs import settings
from smoke import replanned
from spikegrad.network import load_network
from spikegrad.settings import ConfigError, validate
from study.config.study import Study
from study.config.variants import by_file, sampling_of, slug, variant_runs
from study.search.sampling import suggest
from study.search.selection import NO_WINNER, best_winner
from study.variants import RANKS_TABLE, ranks

RESULTS = Path("results/spoken-digits-smoke")


def study(variants: Any, **changes: Any) -> Study:
    """The smoke study with these ``variants``."""
    return validate(Study, {**settings("smoke.yaml"), "variants": variants, **changes})


@given(
    st.lists(st.sampled_from(["0", "0.5 s", "no sample"]), unique=True),
    st.lists(st.sampled_from([0, 3, 8]), min_size=1, unique=True),
    st.sampled_from(["own", "configured", ["qif"], ["lif", "qif"]]),
    st.sampled_from(["best", "each", [1]]),
)
@trials(max_examples=15)
def test_runs_are_the_product_of_the_axes(changes, seeds, whose, searches):
    """But for pairs of a neuron model with itself; names and folders tell all of them apart."""
    named = {name: {"network.tau": 0.01 * (k + 1)} for k, name in enumerate(changes)}
    neurons = ["lif"] if whose == ["qif"] else ["lif", "qif"]
    variant = {"neurons": neurons, "changes": named, "settings": whose, "seeds": seeds}
    variant |= {"searches": searches}
    runs = variant_runs(study({"v": variant}), "v")
    numbers = {"best": [(0,)], "each": [(0,), (1,)]}.get(str(searches), [(1,)])
    expected = {
        (neuron, seed, named.get(change, {}).get("network.tau"), of, search)
        for neuron, seed, change, of, search in product(
            neurons,
            seeds,
            changes or [""],
            [whose] if isinstance(whose, str) else whose,
            numbers,
        )
        if neuron != of
    }
    found = {(run.neuron, run.seed, run.parameters.get("network.tau"), *run[2:4]) for run in runs}
    assert found == expected
    folders = {(run.case, run.neuron, run.seed) for run in runs}
    assert len(folders) == len(runs) == len(expected)
    assert {run.to.split(", ")[0] for run in runs} >= set(changes)


def test_names_say_what_a_case_is():
    both = {"0": {"network.drive": 0.0}, "3000x4": {"samples": 3000, "training.epochs": 4}}
    variant = {"changes": both, "settings": ["qif"], "neurons": ["lif"]}
    made = study({"a b": {**variant, "searches": "each", "samples": 7}, "c": {"seeds": [2]}})
    first, *_, last = variant_runs(made, "a b")
    assert (first.to, first.case, first.samples) == ("0, qif", "0-qif-search-0", 7)
    assert (last.parameters, last.samples) == ({"training.epochs": 4}, 3000)
    runs = variant_runs(made, "c")
    assert (runs[0].to, runs[0].case) == ("", "only")
    assert [run.neuron for run in runs] == ["lif", "qif"]
    assert slug("blended words, too") == "blended-words-too"


def test_draws_are_the_searchs_first_trials():
    drawn = study({"v": {"draw": {"trials": 3}, "changes": {"short": {"samples": 9}, "all": {}}}})
    sampling, seed = sampling_of(drawn, "v")
    first = suggest(sampling, [1, 2], seed, 4, 0, [])
    for run in variant_runs(drawn, "v"):
        assert run.seed == first[run.draw].seed
        alone = suggest(sampling, [1], seed, run.draw + 1, 0, [])[-1]
        assert alone.parameters == first[run.draw].parameters
    assert {(run.to, run.draw) for run in variant_runs(drawn, "v")} == {
        *product(("short", "all"), range(3))
    }


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"neurons": ["adex"]}, "'variants.v.neurons.0' = 'adex'"),
        (
            {"changes": {"0": {"network.drve": 0.0}}},
            "variants.v.changes.0: 'network.drve' is not a",
        ),
        ({"changes": {"0": {"network.tau": 20.0}}}, "20 s is not within 0.0001 to 1 s"),
        ({"changes": {"0": {"samples": 0.5}}}, "changes.0.samples = 0.5 is not a whole number"),
        ({"changes": {"a b": {}, "a-b": {}}}, "two cases share the folder 'a-b'"),
        ({"changes": {"a/b": {}}}, "a/b"),
        ({"searches": [2]}, "there is no search 2; there are 2"),
        ({"settings": ["lif"], "neurons": ["lif"]}, "a neuron model is paired"),
        ({"draw": {"trials": 4}}, "above the sequence's length, startup = 3"),
        ({"draw": {"trials": 2}, "seeds": [1]}, "are not used by what is drawn"),
        ({"draw": {"trials": 2, "seed": 0}}, "sampling and seed go together"),
    ],
)
def test_a_mistake_is_named_before_the_first_job(variant: dict, message: str):
    with pytest.raises(ConfigError) as caught:
        study({"v": variant})
    assert message in str(caught.value)
    assert str(caught.value).count("\n") < 2


def test_mistakes_about_names_and_what_a_study_lacks():
    for names in (["a b", "a-b"], ["ranks"]):
        with pytest.raises(ConfigError, match="rename one"):
            study({name: {} for name in names})
    for variant in ({"settings": ["qif"]}, {"searches": "each"}, {"draw": {"trials": 2}}):
        with pytest.raises(ConfigError, match="search"):
            study({"v": variant}, search=None)
    assert study({"v": {}, "w": None}, search=None).variants.keys() == {"v"}
    assert study(None).variants == {}
    left_out = study({"v": {"settings": ["qif"]}}, neurons={"lif": {}})
    assert by_file(left_out) == {}  # who leaves a neuron out leaves out its variants


def test_of_several_winners_the_best_by_validation_is_taken(tmp_path: Path):
    files = [tmp_path / f"{k}.yaml" for k in range(3)]
    for k, (file, accuracy) in enumerate(zip(files, (0.5, 0.7, 0.6), strict=True)):
        winner = {"validation_accuracy": accuracy}
        file.write_text(yaml.safe_dump({"search": k, "parameters": {}, "winner": winner}))
    assert best_winner(files)["search"] == 1
    files[0].write_text("search: 0\nparameters: {network.tau: 0.1}\n")  # drawn
    assert best_winner(files[:1])["parameters"] == {"network.tau": 0.1}
    assert best_winner([]) == NO_WINNER


def test_ranks_are_those_of_the_best_accuracies():
    """Six points: the short training swaps two pairs, and a point that it lost is the last."""
    last = {"all": [6, 5, 4, 3, 2, 1], "short": [5, 6, 4, 2, 3, math.nan]}
    runs = pd.DataFrame(
        [("v", "qif", to, draw, accuracy) for to in ("short", "all")
         for draw, accuracy in enumerate(last[to])],
        columns=["change", "neuron", "to", "draw", "validation_accuracy"],
    )  # fmt: skip
    (row,) = ranks(runs).to_dict("records")
    assert set(row) == set(RANKS_TABLE.columns)
    assert (row["to"], row["draws"], row["better"], row["least_better"]) == ("short", 6, 3, 4)
    assert row["spearman"] == pytest.approx(1 - 6 * (1 + 1 + 1 + 1) / (6 * 35))
    assert row["spearman_better"] == pytest.approx(1 - 6 * (1 + 1) / (3 * 8))
    (few,) = ranks(runs[runs["draw"] < 4]).to_dict("records")
    assert (few["better"], few["spearman"]) == (2, pytest.approx(1 - 6 * 2 / (4 * 15)))
    assert math.isnan(few["spearman_better"])


def test_tables_hold_what_was_asked(finished: Path):
    """Networks have the settings of their case, and scores are those of their answers."""
    folder = finished / RESULTS / "variants"
    best = yaml.safe_load((finished / RESULTS / "search/qif/0/best.yaml").read_text())
    (run,) = pd.read_csv(folder / "slower.csv").to_dict("records")
    network, about = load_network(folder / "slower/0.03-s-qif/lif/0/trained.safetensors")
    assert (run["search"], run["to"]) == (best["search"], "0.03 s, qif")
    assert network.settings.tau == 0.03
    assert network.settings.init.scale == best["parameters"]["network.init.scale"]
    history = pd.read_parquet(folder / "slower/0.03-s-qif/lif/0/history.parquet")
    assert history["presentations"].max() == 12 * (len(history) - 1)
    assert run["validation_accuracy"] == about["outcome"]["validation_accuracy"]
    runs = pd.read_csv(folder / "each-fold.csv")
    assert runs[["neuron", "fold", "search"]].to_numpy().tolist() == [
        ["lif", f"fold{search}", search] for search in (0, 1)
    ]
    speakers = pd.read_csv(folder / "speakers/each-fold.csv")
    for fold, tested in (("fold0", {0, 1}), ("fold1", {2, 3})):
        assert set(speakers.loc[speakers["fold"] == fold, "speaker"]) == tested
    assert speakers["unseen_speaker"].all()
    speakers["right"] = speakers["accuracy"] * speakers["answers"]
    key = ["neuron", "search"]
    sums = speakers.groupby(key)[["right", "answers"]].sum()
    assert (sums["right"] / sums["answers"]).to_numpy() == pytest.approx(
        runs["accuracy"].to_numpy()
    )


def test_an_edit_of_a_variant_repeats_no_other(finished: Path, tmp_path: Path):
    change = {"slower": {"changes": {"0.03 s": {"network.tau": 0.04}}}}
    jobs = replanned(finished, tmp_path, variants=change, measures=[])
    assert (jobs["train_variant"], jobs["score_variant"]) == (1, 1)
    others = {"train", "evaluate", "draw_variant", "rank_variants", "measure_network", "runaway"}
    assert not others & set(jobs)
