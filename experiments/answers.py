"""What a reader asks of a kept study, answered from the tables in its folder."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from spikegrad.claims.estimates import difference
from spikegrad.statistics import t_interval

GOAL = 0.8
"""Accuracy on all test words that both papers' readers would expect of such a network."""
VARIED = ["accuracy", "accuracy_unseen_speakers", "train_accuracy", "spikes_per_neuron"]
"""What is told of each variation."""


@dataclass(frozen=True)
class Answer:
    """Of one neuron model, what its networks and searches came to.

    Attributes
    ----------
    networks
        Test accuracies of all trained networks.
    above
        How many of them reach :data:`GOAL`.
    training
        Mean accuracy on the training words, at each network's best epoch.
    late_gain
        Validation accuracy gained in the last epochs by networks that were trained to the end, see
        ``keep.trained_out``.
    spikes
        Mean number of spikes a neuron and word.
    speakers_ahead, speakers
        On how many of the speakers it is ahead of LIF, all searches together.
    trials_away, finalists_away, runs_away
        Shares that ran away, of the searches' trials, their finalists, and the trained networks.
    trials_exploded
        Share of the trials that ended with a gradient that was not finite.
    short, long
        Best validation accuracy after a search's trials and of its finalists, mean over searches.
    tuned
        In how many searches a finalist beats the unchanged settings.
    """

    networks: list[float]
    above: int
    training: float
    late_gain: float
    spikes: float
    speakers_ahead: int
    speakers: int
    trials_away: float
    finalists_away: float
    runs_away: float
    trials_exploded: float
    short: float
    long: float
    tuned: int


def answers(folder: Path) -> dict[str, Answer]:
    """The :class:`Answer` of each neuron model of the study kept in ``folder``."""
    runs = pd.read_csv(folder / "training_reached.csv")
    trials = pd.read_parquet(folder / "search_trials.parquet")
    finalists = pd.read_parquet(folder / "search_finalists.parquet")
    speakers = pd.read_csv(folder / "speakers.csv").pivot_table(
        "accuracy", index="speaker", columns="neuron"
    )
    return {
        neuron: _answer(
            runs[runs["neuron"] == neuron],
            trials[trials["neuron"] == neuron],
            finalists[finalists["neuron"] == neuron],
            int((speakers[neuron] > speakers["lif"]).sum()) if "lif" in speakers else 0,
            len(speakers),
        )
        for neuron in runs["neuron"].unique()
    }


def _answer(
    runs: pd.DataFrame,
    trials: pd.DataFrame,
    finalists: pd.DataFrame,
    speakers_ahead: int,
    speakers: int,
) -> Answer:
    unchanged = finalists["number"] < 0
    own, given = (
        finalists[chosen].groupby("search")["validation_accuracy"].max()
        for chosen in (~unchanged, unchanged)
    )
    return Answer(
        networks=list(runs["accuracy"]),
        above=int((runs["accuracy"] >= GOAL).sum()),
        training=runs["training_accuracy"].mean(),
        late_gain=runs["late_gain"].mean(),
        spikes=runs["spikes_per_neuron"].mean(),
        speakers_ahead=speakers_ahead,
        speakers=speakers,
        trials_away=_share(trials, "overflow"),
        finalists_away=_share(finalists[~unchanged], "overflow"),
        runs_away=_share(runs, "overflow"),
        trials_exploded=_share(trials, "not finite"),
        short=trials.groupby("search")["validation_accuracy"].max().mean(),
        long=own.mean(),
        tuned=int((own > given).sum()),
    )


def _share(table: pd.DataFrame, outcome: str) -> float:
    return float((table["outcome"] == outcome).mean())


def best_by_validation(runs: pd.DataFrame) -> pd.DataFrame:
    """Of each search the run that is best by validation, and in which ``file`` it is kept."""
    ranked = runs.dropna(subset="validation_accuracy").sort_values("validation_accuracy")
    best = ranked.groupby(["neuron", "search"]).tail(1)
    return best.assign(file=best["neuron"] + "_" + best["search"].astype(str) + ".safetensors")


def by_speakers(folder: Path) -> pd.DataFrame:
    """Test accuracy of each search: on heard speakers together, and on each never heard.

    Columns are (neuron, search).
    """
    table = pd.read_csv(folder / "speakers.csv")
    table["right"] = table["accuracy"] * table["answers"]
    table["group"] = "heard speakers"
    new = table["unseen_speaker"]
    table.loc[new, "group"] = "speaker " + table["speaker"].astype(str) + ", never heard"
    sums = table.pivot_table(
        ["right", "answers"], index="group", columns=["neuron", "search"], aggfunc="sum"
    )
    return sums["right"] / sums["answers"]


def validated(folder: Path) -> pd.DataFrame:
    """What ``validation.py`` found, as :func:`by_speakers`."""
    networks = pd.read_csv(folder / "validation.csv").groupby(["neuron", "search"])
    names = {"accuracy_heard": "heard speakers", "accuracy_new": "new speakers"}
    return networks[list(names)].mean().T.rename(index=names)


def robustness(folder: Path) -> list[dict[str, Any]]:
    """What ``robustness.py`` found: a row for each change of the words, both directions together.

    ``of`` holds mean accuracies by neuron model, ``rank`` the rank correlation over networks with
    their test accuracy on speakers never heard.
    """
    best = best_by_validation(pd.read_csv(folder / "training_reached.csv"))
    new = best.set_index("file")["accuracy_unseen_speakers"]
    found = pd.read_csv(folder / "robustness.csv")
    found["by"] = found["by"].abs()
    rows = []
    for (change, by), own in found.groupby(["change", "by"], sort=False):
        of_network = own.groupby("network")["accuracy"].mean()
        rank = of_network.corr(new[of_network.index], method="spearman")
        of = own.groupby("neuron")["accuracy"].mean().to_dict()
        rows.append({"change": change, "by": by, "of": of, "rank": rank})
    return rows


def new_speakers(folder: Path) -> dict[str, Any]:
    """What ``speakers.py`` found, beside the study's own new speakers, 4 and 5.

    ``pairs`` has, by pair of speakers held out and neuron model, the mean over searches of the
    accuracy on their words; ``over_pairs`` and ``over_searches`` of each QIF model the mean
    difference to LIF with an interval over either; ``searches`` by neuron model those that were
    trained so.
    """
    name, key = "accuracy_unseen_speakers", ["neuron", "search"]
    runs = pd.read_csv(folder / "new_speakers.csv")
    study = pd.read_csv(folder / "training_reached.csv")
    study = study[study.set_index(key).index.isin(runs.set_index(key).index)].assign(to="4-5")
    of_search = pd.concat([runs, study]).groupby(["to", *key], sort=False)[name].mean()
    pairs = of_search.reset_index().pivot_table(name, index="to", columns="neuron", sort=False)
    means = of_search.groupby(key).mean()
    over_pairs, over_searches = {}, {}
    for neuron in pairs.columns.drop("lif"):
        gain = (pairs[neuron] - pairs["lif"]).to_numpy()
        low, high = t_interval(gain)
        over_pairs[neuron] = {"mean": gain.mean(), "low": low, "high": high}
        both = difference(means[neuron].to_numpy(), means["lif"].to_numpy(), seed=0)
        over_searches[neuron] = {"mean": both.value, "low": both.low, "high": both.high}
    searches = runs.groupby("neuron")["search"].unique().map(sorted).to_dict()
    return {
        "pairs": pairs.to_dict("index"),
        "over_pairs": over_pairs,
        "over_searches": over_searches,
        "searches": searches,
    }


def long_trials(folder: Path) -> dict[str, dict[str, Any]]:
    """What ``long_trials.py`` found, by neuron model: ``trials``, how many ran ``away``, and
    ``best``: by k the expected test accuracy of that of k trials which validation puts first.

    Of all n trials in the order of validation, the i-th is first in C(i - 1, k - 1) of the C(n, k)
    subsets. A run without an answer counts as 0. Each k is one that all neuron models have.
    """
    runs = pd.read_csv(folder / "long_trials.csv")
    runs = runs.fillna({"validation_accuracy": 0.0, "accuracy": 0.0})
    budgets = [2**j for j in range(int(runs["neuron"].value_counts().min()).bit_length())]
    found = {}
    for neuron, own in runs.groupby("neuron"):
        test = own.sort_values("validation_accuracy", kind="stable")["accuracy"]
        n = len(test)
        found[str(neuron)] = {
            "trials": n,
            "away": int((own["outcome"] == "overflow").sum()),
            "best": {
                k: sum(a * comb(i, k - 1) for i, a in enumerate(test)) / comb(n, k) for k in budgets
            },
        }
    return found


def with_all_settings(folder: Path) -> pd.DataFrame:
    """What ``exchange.py`` found, beside the searches' own networks, of each the first seed.

    Test and validation accuracy and outcome of each neuron model, columns (measure, neuron), by
    whose settings they are, rows (``of``, ``search``); the unchanged ones, of whichever search, are
    of no model. A run without an answer counts as 0.
    """
    runs = pd.read_csv(folder / "exchange.csv").rename(columns={"to": "of"})
    own = pd.read_csv(folder / "training_reached.csv").groupby(["neuron", "search"]).head(1)
    both = pd.concat([own.assign(of=own["neuron"]), runs], ignore_index=True)
    for (of, search), rows in both.groupby(["of", "search"]):
        if not yaml.safe_load((folder / f"search_{of}_{search}.yaml").read_text())["parameters"]:
            both.loc[rows.index, ["of", "search"]] = "", 0
    return both.fillna({"accuracy": 0.0, "validation_accuracy": 0.0}).pivot_table(
        ["accuracy", "validation_accuracy", "outcome"],
        index=["of", "search"],
        columns="neuron",
        aggfunc="first",
    )


def varied(folder: Path, name: str = "variations") -> list[dict[str, Any]]:
    """What ``variations.py`` found: a row for each change, with its means over seeds by neuron.

    ``of`` holds, by neuron model, :data:`VARIED`, how many ``runs`` there are, and how many of
    them ran ``away``.
    """
    runs = pd.read_csv(folder / f"{name}.csv", dtype={"to": str}).fillna({"to": ""})
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for (change, to, neuron), own in runs.groupby(["change", "to", "neuron"], sort=False):
        row = rows.setdefault((change, to), {"change": change, "to": to, "of": {}})
        row["of"][neuron] = own[VARIED].mean().to_dict() | {
            "runs": len(own),
            "away": int((own["outcome"] == "overflow").sum()),
        }
    return list(rows.values())
