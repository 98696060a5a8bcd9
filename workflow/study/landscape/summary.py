"""What the census says of each network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.landscape.constants import CAUSES, JUMP, SWAPS
from study.storage.columns import Table, shared

CENSUS_TABLE = Table(
    files=("landscape/census.csv",),
    says="What the census says of each network.",
    columns={
        **shared("neuron", "seed", "state"),
        "length": "relative distance searched for breaks, over all samples",
        "spikes": "of a sample",
        "breaks": "how many were found",
        "jumps": "those that change the loss by more than 1e-9 nats",
        "jumps_per_length": "per relative distance",
        "jumps_per_length_and_spike": "and per spike of the sample",
        "largest_jump": "in nats",
        "median_jump": "in nats",
        "share_end": "share of breaks at the trial's end",
        "share_grazing": "share of breaks where a potential touches the threshold",
        "share_spike_swap": "share of breaks where spikes change their order",
        "share_input_swap": "share of breaks where an input and a spike do",
        "order_changes": "changes of order that were met",
        "breaking_share": "share of these that are breaks",
        "inhibitory_overtakes": "those at which an inhibitory arrival overtakes a spike",
        "breaking_share_of_inhibitory": "share of these that are breaks",
        "certified_swaps": "changes of order that were isolated and are none",
        "largest_certified_jump": "largest jump of the loss at one of these",
    },
)


def census_summary(changes: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """What the census says of each network.

    Columns: neuron, seed, state; length searched for breaks (relative distance times samples)
    and spikes of a sample; jumps (breaks that change the loss by more than :data:`JUMP`),
    jumps_per_length, jumps_per_length_and_spike, largest and median jump in nats; for each
    cause, its share of the breaks; order_changes (all that were met), breaking_share (the share
    of them at which a spike appears, vanishes or jumps), inhibitory_overtakes (those at which
    an inhibitory arrival overtakes a spike) and breaking_share_of_inhibitory; certified_swaps
    (isolated without a break; 0 in a state with the weights of an earlier one, whose they are)
    and the largest jump among those.
    """
    rows = []
    for key, own in lines.groupby(["neuron", "seed", "state"], sort=False):
        searched = own[own["search"] == "breaks"]
        here = changes[(changes[["neuron", "seed", "state"]] == list(key)).all(axis=1)]
        breaks = here[(here["search"] == "breaks") & here["breaks"]]
        certified = here[(here["search"] == "swaps") & ~here["breaks"] & here["interacts"]]
        if own["same_as"].notna().any():
            certified = certified[:0]
        heights = breaks["loss_jump"].abs()
        jumps = heights[heights > JUMP]
        length = searched["length"].sum() or np.nan
        spikes = searched["spikes"].mean()
        breaking = int(breaks["cause"].isin(SWAPS).sum())
        harmless = searched[["harmless_input_swaps", "harmless_spike_swaps"]].sum().sum()
        changes_of_order = int(harmless) + breaking
        inhibitory = int(searched["harmless_inhibitory"].sum()) + breaking
        rows.append(
            {
                **dict(zip(("neuron", "seed", "state"), key, strict=True)),
                "length": length,
                "spikes": spikes,
                "breaks": len(breaks),
                "jumps": len(jumps),
                "jumps_per_length": len(jumps) / length,
                "jumps_per_length_and_spike": len(jumps) / length / spikes,
                "largest_jump": heights.max() if len(heights) else 0.0,
                "median_jump": jumps.median(),
                **{f"share_{c.replace(' ', '_')}": (breaks["cause"] == c).mean() for c in CAUSES},
                "order_changes": changes_of_order,
                "breaking_share": breaking / changes_of_order if changes_of_order else np.nan,
                "inhibitory_overtakes": inhibitory,
                "breaking_share_of_inhibitory": breaking / inhibitory if inhibitory else np.nan,
                "certified_swaps": len(certified),
                "largest_certified_jump": certified["loss_jump"].abs().max(),
            }
        )
    return pd.DataFrame(rows)
