"""What the claims about LIF and QIF neurons measure (arXiv 2606.03935)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from spikegrad.claims.estimates import Estimate, Values, difference, exact, mean, ratio
from spikegrad.claims.tables import ClaimError, Tables, seed_means
from spikegrad.landscape.terms import JUMP

LOOKED_AT = ("trained", "matched")
"""States of the networks; in the second, both neuron models spike equally often."""

SWAPS = ("input swap", "spike swap")
"""Causes of changes that are changes of the order of spikes."""

NEAR = 0.1
"""Largest distance, relative to the norm of the weights, at which gradients are compared."""

Cases = dict[str, Estimate]


def accuracy_gain(tables: Tables, seed: int) -> Cases:
    """Test accuracy, QIF minus LIF; a run that failed counts as 0.

    Without a search there is no estimate to judge: n is 0.
    """
    accuracies = {}
    for neuron in ("lif", "qif"):
        own = tables.rows("runs", "accuracy", neuron=neuron).fillna({"accuracy": 0.0})
        accuracies[neuron] = seed_means(own, "accuracy")
    if not tables.files("trials"):
        return {"no search": difference(np.empty(0), np.empty(0), seed)}
    trials = tables["trials"].groupby("neuron").size()
    if trials["lif"] != trials["qif"]:
        raise ClaimError(f"searches of unequal size cannot be compared: {trials.to_dict()} trials")
    return {f"{trials['lif']} trials each": difference(accuracies["qif"], accuracies["lif"], seed)}


def largest_jump(tables: Tables, neuron: str) -> Cases:
    """Largest jump of a sample's loss along the lines of the census, in nats.

    n counts the changes of the order of spikes on these lines.
    """
    networks = tables.rows("census", "largest_jump", "swaps", neuron=neuron)
    largest = networks[["largest_jump", "largest_certified_jump"]].max(axis=None)
    return {"all states": exact(np.array([largest]), int(networks["swaps"].sum()), "changes")}


def minima(tables: Tables, seed: int) -> Cases:
    """Local minima on lines at the finest resolution, LIF over QIF."""
    return {s: ratio(*_finest(tables, "lines", "minima", s), seed) for s in LOOKED_AT}


def parts(tables: Tables, seed: int) -> Cases:
    """Separate parts of planes below a level, mean over levels, LIF over QIF."""
    return {s: ratio(*_finest(tables, "planes", "parts_below", s), seed) for s in LOOKED_AT}


def missed_change(tables: Tables, seed: int) -> Cases:
    """Share of the loss change along lines that integrated slopes miss, LIF minus QIF."""
    return {s: difference(*_finest(tables, "lines", "missed_change", s), seed) for s in LOOKED_AT}


def cosine(tables: Tables, seed: int) -> Cases:
    """Mean cosine between a network's gradient and those nearby, QIF minus LIF."""
    cases = {}
    for state in LOOKED_AT:
        pair = []
        for neuron in ("qif", "lif"):
            rows = tables.rows("nearby", "cosine", "distance", neuron=neuron, state=state)
            pair.append(seed_means(rows[rows["distance"].abs() <= NEAR], "cosine"))
        cases[state] = difference(pair[0], pair[1], seed)
    return cases


def share_of_swaps(tables: Tables, seed: int) -> Cases:
    """Of the places where a LIF network's loss jumps, the share that are changes of order."""
    return {s: _share(_jumps(tables, s), lambda t: t["cause"].isin(SWAPS), seed) for s in LOOKED_AT}


def breaking_swaps(tables: Tables, seed: int) -> Cases:
    """Of all changes of order in LIF networks, the share at which a spike (dis)appears or jumps."""
    return {
        state: mean(tables.by_seed("census", "breaking_swaps", neuron="lif", state=state), seed)
        for state in LOOKED_AT
    }


def disappearances(tables: Tables, seed: int) -> Cases:
    """Of the changes of order at which a LIF network's loss jumps, the share that (dis)appear."""
    cases = {}
    for state in LOOKED_AT:
        jumps = _jumps(tables, state)
        swaps = jumps[jumps["cause"].isin(SWAPS)]
        cases[state] = _share(swaps, lambda t: t["appeared"] + t["vanished"] > 0, seed)
    return cases


def cascade(tables: Tables, seed: int) -> Cases:
    """Spikes that appear, vanish or jump after the first one, at a jump of a LIF network's loss."""
    cases = {}
    for state in LOOKED_AT:
        jumps = _jumps(tables, state)
        others = jumps[["appeared", "vanished", "moved"]].sum(axis=1) - 1
        cases[state] = mean(seed_means(jumps.assign(others=others), "others"), seed)
    return cases


def silenced(tables: Tables, seed: int) -> Cases:
    """Share of LIF neurons that fall silent for good during training."""
    return {"training": mean(_silenced(tables, "lif"), seed)}


def silenced_more(tables: Tables, seed: int) -> Cases:
    """The same share, LIF minus QIF."""
    return {"training": difference(_silenced(tables, "lif"), _silenced(tables, "qif"), seed)}


def _finest(tables: Tables, kind: str, measure: str, state: str) -> tuple[Values, Values]:
    """Means of ``measure`` over a seed's lines or planes at the finest resolution, LIF and QIF."""
    pair = []
    for neuron in ("lif", "qif"):
        rows = tables.rows(kind, measure, "stride", neuron=neuron, state=state)
        pair.append(seed_means(rows[rows["stride"] == 1], measure))
    return pair[0], pair[1]


def _jumps(tables: Tables, state: str) -> pd.DataFrame:
    """The places where a LIF network's loss jumps, as the census of breaks found them."""
    changes = tables["changes"]
    own = (changes["neuron"] == "lif") & (changes["state"] == state)
    return changes[own & (changes["search"] == "breaks") & (changes["loss_jump"].abs() > JUMP)]


def _share(rows: pd.DataFrame, holds: Callable[[pd.DataFrame], pd.Series], seed: int) -> Estimate:
    """Share of each seed's ``rows`` for which ``holds`` is true."""
    return mean(seed_means(rows.assign(holds=holds(rows).astype(float)), "holds"), seed)


def _silenced(tables: Tables, neuron: str) -> Values:
    """Share of a run's neurons that spiked after some epoch, but not in its last quarter."""
    shares = []
    for _, run in tables.rows("histories", "silent_neurons", neuron=neuron).groupby("seed"):
        epochs = run.sort_values("epoch")
        silent = [set(units) for units in epochs["silent_neurons"]]
        quarter = max(1, len(silent) // 4)
        to_the_end = set.intersection(*silent[-quarter:])
        never_spiked = set.intersection(*silent)
        final = epochs["silent_fraction"].iloc[-1]
        n_neurons = len(silent[-1]) / final if silent[-1] else 1
        shares.append(len(to_the_end - never_spiked) / n_neurons)
    return np.array(shares)
