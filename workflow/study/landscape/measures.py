"""How rough, broken and unreliable the loss is around each network of a study, in one table."""

from __future__ import annotations

import pandas as pd

from study.config.landscape import JUDGED
from study.landscape.constants import CAUSES, SETTLED, height_column
from study.storage.columns import Table, shared

DEPTH = JUDGED[0]
TRAINING = "along training"
"""In place of a state: what steps of training meet."""
KEY = ["neuron", "seed", "state"]


MEASURES_TABLE = Table(
    files=("landscape/measures.csv",),
    says="Measures of the landscapes around each network, means over its lines; rows whose state is"
    " along training are of updates.",
    columns={
        **shared("neuron", "seed", "search", "state", "word_minima"),
        "word_variation": "total variation of a single sample's loss, in nats",
        "word_in_jumps": "percent of that in jumps",
        "word_jumps": "jumps of a single sample's loss",
        "word_minima_mended": "the same with the jumps at changes of order closed",
        "mean_minima": "minima of the mean loss deeper than 0.01 nats; missing where too few "
        "lines settled",
        "largest_jump": "largest jump of a sample's loss that the census isolated, in nats",
        "missed": "percent of the change that the gradient predicts by which updates miss it, on "
        "a fixed batch",
        "turned": "cosine between the gradients before and after an update, on a fixed batch",
        "met": "breaks at changes of order that an update meets in its batch",
    },
)


def measures(
    profiles: pd.DataFrame,
    profile_minima: pd.DataFrame,
    line_minima: pd.DataFrame,
    census: pd.DataFrame,
    steps: pd.DataFrame,
    updates: pd.DataFrame,
) -> pd.DataFrame:
    """Of each network in each state means over its lines, from the tables of the landscapes.

    Rows whose state is :data:`TRAINING` have the measures of updates, the others those of lines.

    Returns
    -------
    DataFrame
        neuron, seed, state; of single samples ``word_variation`` (nats), ``word_in_jumps`` (%),
        ``word_jumps``, ``word_minima``, ``word_minima_mended`` (jumps at changes of order closed);
        ``mean_minima`` of the mean loss, missing for a neuron model where too few lines settled;
        ``largest_jump`` (nats); of updates on a fixed batch ``missed`` (% of the predicted change),
        ``turned`` (cosine), and ``met``, breaks at changes of order in the batch of an update.
    """
    heights = profiles[[height_column(cause) for cause in CAUSES]].sum(axis=1)
    profile = profiles.assign(height=heights).groupby(KEY)
    minimum = profile_minima[profile_minima["depth"] == DEPTH].groupby(KEY)
    jumps = census.set_index(KEY)[["largest_jump", "largest_certified_jump"]]
    around = pd.DataFrame(
        {
            "word_variation": profile["variation"].mean(),
            "word_in_jumps": 100 * profile["height"].sum() / profile["variation"].sum(),
            "word_jumps": profile["n_jumps"].mean(),
            "word_minima": minimum["minima"].mean(),
            "word_minima_mended": minimum["minima_without_jumps"].mean(),
            "mean_minima": _minima_of_lines(line_minima),
            "largest_jump": jumps.max(axis=1),
        }
    )
    return pd.concat([around, _of_updates(steps, updates)]).reset_index()


def _minima_of_lines(lines: pd.DataFrame) -> pd.Series:
    lines = lines[lines["depth"] == DEPTH]
    settled = lines.groupby(["neuron", "state"])["settled"].transform("mean") >= SETTLED
    return lines[settled].groupby(KEY)["minima"].mean()


def _of_updates(steps: pd.DataFrame, updates: pd.DataFrame) -> pd.DataFrame:
    steps = steps[steps["batch"] == "fixed"].dropna(subset="error")
    steps = steps.assign(predicted=steps["predicted"].abs(), state=TRAINING)
    step, update = steps.groupby(KEY), updates.assign(state=TRAINING).groupby(KEY)
    return pd.DataFrame(
        {
            "missed": 100 * step["error"].sum() / step["predicted"].sum(),
            "turned": step["cosine"].mean(),
            "met": update["breaks_per_update"].mean(),
        }
    )
