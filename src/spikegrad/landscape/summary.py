"""What the census says of each network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spikegrad.landscape.terms import CAUSES, JUMP


def census_summary(changes: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """What the census says of each network.

    Columns: neuron, seed, state; length searched for breaks (relative distance times samples)
    and spikes of a sample; jumps (breaks that change the loss by more than :data:`JUMP`),
    jumps_per_length, jumps_per_length_and_spike, largest and median jump in nats; for each
    cause, its share of the breaks; swaps (all that were met), breaking_swaps (the share of them
    at which a spike appears, vanishes or jumps); certified_swaps (isolated without a break) and
    the largest jump among those.
    """
    rows = []
    for key, own in lines.groupby(["neuron", "seed", "state"], sort=False):
        searched = own[own["search"] == "breaks"]
        here = changes[(changes[["neuron", "seed", "state"]] == list(key)).all(axis=1)]
        breaks = here[(here["search"] == "breaks") & here["breaks"]]
        certified = here[(here["search"] == "swaps") & ~here["breaks"]]
        heights = breaks["loss_jump"].abs()
        jumps = heights[heights > JUMP]
        length, spikes = searched["length"].sum(), searched["spikes"].mean()
        swapped = int(breaks["cause"].isin(["input swap", "spike swap"]).sum())
        swaps = (
            int(searched[["harmless_input_swaps", "harmless_spike_swaps"]].sum().sum()) + swapped
        )
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
                "swaps": swaps,
                "breaking_swaps": swapped / swaps if swaps else np.nan,
                "certified_swaps": len(certified),
                "largest_certified_jump": certified["loss_jump"].abs().max(),
            }
        )
    return pd.DataFrame(rows)
