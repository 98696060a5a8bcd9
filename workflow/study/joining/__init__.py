"""Where the two papers meet: exact and surrogate gradients, and kernels, of one spiking network."""

import pandas as pd

EXACT = "exact"
"""The rule of exact gradients, in tables beside surrogates."""
LABEL = "{} {:g}"
"""What names a surrogate of a kind and width."""
UNSTABLE_BELOW = -0.01
"""Least real part of the SG-NTK's eigenvalues over their largest size: the claim's criterion."""


def after_training(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of each network's last epoch: searches choose how many it trains for."""
    return table[table["epoch"] == table.groupby(["neuron", "seed"])["epoch"].transform("max")]


def nearest(agreement: pd.DataFrame, *groups: str) -> pd.DataFrame:
    """The surrogate of each of the ``groups`` whose gradients after training have the highest mean
    cosine with the exact ones: columns ``groups``, surrogate and pseudo_width."""
    keys = list(dict.fromkeys((*groups, "surrogate", "pseudo_width")))
    means = after_training(agreement).groupby(keys)["cosine"].mean().reset_index()
    return means.loc[means.groupby(list(groups))["cosine"].idxmax(), keys]


def share_of_training(table: pd.DataFrame) -> pd.Series:
    """How far its network had come at each row's epoch: the points that were looked at, evenly from
    0 to 1."""
    ranks = table.groupby(["neuron", "seed"])["epoch"].rank("dense") - 1
    return ranks / ranks.max()
