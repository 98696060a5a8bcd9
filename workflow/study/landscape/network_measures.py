"""What the landscapes' tables say of each network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.config.landscape import JUDGED_DEPTHS
from study.landscape.constants import CAUSES, JUMP, SWAPS, have_settled, height_column
from study.landscape.fragmentation import line_minima, plane_minima

DEPTH = JUDGED_DEPTHS[0]
TRAINING = "along training"
"""In place of a state: what steps of training meet."""
KEY = ["neuron", "seed", "state"]


def summarise(
    states: pd.DataFrame,
    lines: pd.DataFrame,
    planes: pd.DataFrame,
    changes: pd.DataFrame,
    census_lines: pd.DataFrame,
    profiles: pd.DataFrame,
    profile_minima: pd.DataFrame,
    steps: pd.DataFrame,
    updates: pd.DataFrame,
    searches: dict[int, int],
    folds: dict[int, str],
) -> dict[str, pd.DataFrame]:
    """States, minima of lines and planes, the census, and measures of each network."""
    minima = line_minima(lines)
    census = census_summary(changes, census_lines)
    table = measures(profiles, profile_minima, minima, census, steps, updates)
    found = table["seed"]
    return {
        "states": states,
        "line_minima": minima,
        "plane_minima": plane_minima(planes),
        "census": census,
        "measures": table.assign(fold=found.map(folds), search=found.map(searches)),
    }


def census_summary(changes: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """What the census says of each network.

    A state with the weights of an earlier one has no certified swaps: they are that one's.
    """
    rows = []
    for key, own in lines.groupby(KEY, sort=False):
        searched = own[own["search"] == "breaks"]
        here = changes[(changes[KEY] == list(key)).all(axis=1)]
        breaks = here[(here["search"] == "breaks") & here["breaks"]]
        certified = here[(here["search"] == "swaps") & ~here["breaks"] & here["interacts"]]
        if own["same_as"].notna().any():
            certified = certified[:0]
        heights = breaks["loss_jump"].abs()
        jumps = heights[heights > JUMP]
        length = searched["length"].sum() or np.nan
        breaking = int(breaks["cause"].isin(SWAPS).sum())
        harmless = searched[["harmless_input_swaps", "harmless_spike_swaps"]].sum().sum()
        changes_of_order = int(harmless) + breaking
        inhibitory = int(searched["harmless_inhibitory"].sum()) + breaking
        rows.append(
            {
                **dict(zip(KEY, key, strict=True)),
                "length": length,
                "breaks": len(breaks),
                "jumps": len(jumps),
                "jumps_per_length": len(jumps) / length,
                "largest_jump": heights.max() if len(heights) else 0.0,
                "order_changes": changes_of_order,
                "breaking_share": breaking / changes_of_order if changes_of_order else np.nan,
                "breaking_share_of_inhibitory": breaking / inhibitory if inhibitory else np.nan,
                "certified_swaps": len(certified),
                "largest_certified_jump": certified["loss_jump"].abs().max(),
            }
        )
    return pd.DataFrame(rows)


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
    """
    heights = profiles[[height_column(cause) for cause in CAUSES]].sum(axis=1)
    profile = profiles.assign(height=heights).groupby(KEY)
    variation = profile["variation"].sum()
    minimum = profile_minima[profile_minima["depth"] == DEPTH].groupby(KEY)
    jumps = census.set_index(KEY)[["largest_jump", "largest_certified_jump"]]
    around = pd.DataFrame(
        {
            "word_variation": profile["variation"].mean(),
            "word_in_jumps": 100 * profile["height"].sum() / variation,
            "word_unresolved": (100 * profile["unresolved"].sum() / variation).round(4),
            "word_jumps": profile["n_jumps"].mean(),
            "word_minima": minimum["minima"].mean(),
            "word_minima_mended": minimum["minima_without_jumps"].mean(),
            "mean_minima": _minima_of_lines(line_minima),
            "largest_jump": jumps.max(axis=1),
        }
    )
    return pd.concat([around, _of_updates(steps, updates)]).reset_index()


def _minima_of_lines(lines: pd.DataFrame) -> pd.Series:
    lines = lines[lines["depth"] == DEPTH].groupby(["neuron", "state"]).filter(have_settled)
    return lines.groupby(KEY)["minima"].mean()


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
