"""How broken and how rough a study's landscapes are, and the loss around its kept networks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from runs import WORDS
from spikegrad.claims.landscapes import SETTLED
from spikegrad.landscape.constants import CAUSES, JUDGED, height_column
from spikegrad.report.style import NEURON_STYLES
from spikegrad.storage.tables import read_table
from spikegrad.training.summary import summary

DEPTH = JUDGED[0]
TRAINING = "along training"  # in place of a state: what its steps meet
KEY = ["neuron", "seed", "state"]
SHOWN = ("trained", "equal loss")  # the states that a page shows
MEASURES = {
    "word_variation": "variation of a single word's loss (nats)",
    "word_in_jumps": "of that, in jumps (%)",
    "word_jumps": "jumps of a single word's loss",
    "word_minima": f"minima of a single word's loss, deeper than {DEPTH:g} nats",
    "word_minima_mended": "the same with the jumps at changes of order closed",
    "mean_minima": f"minima of the mean loss over the words, deeper than {DEPTH:g} nats",
    "largest_jump": "largest jump of a word's loss that the census isolated (nats)",
    "missed": "of the change that the gradient predicts, an update misses (%; a fixed batch)",
    "turned": "cosine between the gradients before and after an update (a fixed batch)",
    "met": "breaks at changes of order that an update meets in its batch",
}


def landscape_measures(results: Path) -> pd.DataFrame:
    """Of each network in each state, :data:`MEASURES`, means over its lines, and its search.

    Those of updates stand in rows of their own, whose state is :data:`TRAINING`. The minima of the
    mean loss are left out for a neuron model where too few of its lines were followed to the end.
    """
    folder = results / "landscape"
    profiles = read_table(folder / "profiles.parquet")
    profiles["height"] = profiles[[height_column(cause) for cause in CAUSES]].sum(axis=1)
    profile = profiles.groupby(KEY)
    minima = read_table(folder / "profile_minima.parquet")
    minimum = minima[minima["depth"] == DEPTH].groupby(KEY)
    census = read_table(folder / "census.csv").set_index(KEY)
    around = pd.DataFrame(
        {
            "word_variation": profile["variation"].mean(),
            "word_in_jumps": 100 * profile["height"].sum() / profile["variation"].sum(),
            "word_jumps": profile["n_jumps"].mean(),
            "word_minima": minimum["minima"].mean(),
            "word_minima_mended": minimum["minima_without_jumps"].mean(),
            "mean_minima": _minima_of_lines(read_table(folder / "line_minima.parquet")),
            "largest_jump": census[["largest_jump", "largest_certified_jump"]].max(axis=1),
        }
    )
    table = pd.concat([around, _updates(folder)]).reset_index()
    runs = read_table(results / "training/runs.csv")[["neuron", "seed", "search"]]
    return table.merge(runs, on=["neuron", "seed"])


def _minima_of_lines(lines: pd.DataFrame) -> pd.Series:
    lines = lines[lines["depth"] == DEPTH]
    settled = lines.groupby(["neuron", "state"])["settled"].transform("mean") >= SETTLED
    return lines[settled].groupby(KEY)["minima"].mean()


def _updates(folder: Path) -> pd.DataFrame:
    steps = read_table(folder / "steps.parquet").dropna(subset="error")
    steps = steps[steps["batch"] == "fixed"].assign(
        predicted=lambda own: own["predicted"].abs(), state=TRAINING
    )
    step = steps.groupby(KEY)
    updates = read_table(folder / "updates.csv").assign(state=TRAINING)
    return pd.DataFrame(
        {
            "missed": 100 * step["error"].sum() / step["predicted"].sum(),
            "turned": step["cosine"].mean(),
            "met": updates.groupby(KEY)["breaks_per_update"].mean(),
        }
    )


def landscape_answers(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Of each state that a page shows, its measures: what is measured, and its mean over searches
    with a t interval for each neuron model, from the table in the kept ``folder``."""
    table = pd.read_csv(folder / "landscapes.csv")
    answers = {}
    for state in (*SHOWN, TRAINING):
        own = table[table["state"] == state].dropna(axis=1, how="all")
        means = summary(own, [name for name in MEASURES if name in own])
        answers[state] = [
            {"what": MEASURES[str(name)], "of": rows.set_index("neuron").to_dict("index")}
            for name, rows in means.groupby("measure", sort=False)
        ]
    return answers


@dataclass(frozen=True)
class Roughness:
    """Means over networks and draws of what ``roughness.py`` has found.

    Attributes
    ----------
    neurons
        Neuron models, LIF first.
    steps
        By (whether words were clipped, length of the step), then neuron model: ``changed`` and
        ``turned``.
    words
        By neuron model: :data:`runs.WORDS`.
    """

    neurons: list[str]
    steps: dict[tuple[str, float], dict[str, dict[str, float]]]
    words: dict[str, dict[str, float]]


def roughness_facts(folder: Path) -> Roughness:
    """:class:`Roughness` from the table in the kept ``folder``."""
    rows = pd.read_csv(folder / "roughness.csv")
    steps = rows.groupby(["clipped", "length"])
    return Roughness(
        [neuron for neuron in NEURON_STYLES if neuron in set(rows["neuron"])],
        {key: _means(own, ["changed", "turned"]) for key, own in steps},
        _means(rows, list(WORDS)),
    )


def _means(rows: pd.DataFrame, columns: list[str]) -> dict[str, dict[str, float]]:
    return rows.groupby("neuron")[columns].mean().to_dict("index")
