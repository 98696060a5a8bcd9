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

LIF = "lif"
NOTHING = Estimate(np.nan, np.nan, np.nan, 0, "seeds")


def rivals(tables: Tables) -> list[str]:
    """The QIF models of the study."""
    return [neuron for neuron in tables["runs"]["neuron"].unique() if neuron.startswith("qif")]


def has_lif(tables: Tables) -> bool:
    return bool((tables["runs"]["neuron"] == LIF).any())


def comparisons(tables: Tables, compare: Callable[[str], Cases]) -> Cases:
    """What ``compare`` finds of LIF beside each QIF model of the study."""
    if not has_lif(tables):
        return {"no LIF networks in this study": NOTHING}
    if not rivals(tables):
        return {"no QIF networks in this study": NOTHING}
    return {
        f"{rival}: {case}": estimate
        for rival in rivals(tables)
        for case, estimate in compare(rival).items()
    }


def of_lif(tables: Tables, find: Callable[[], Cases]) -> Cases:
    """What ``find`` says of the study's LIF networks, if there are any."""
    return find() if has_lif(tables) else {"no LIF networks in this study": NOTHING}


def accuracy_gain(tables: Tables, seed: int) -> Cases:
    """Test accuracy, QIF minus LIF; a run that failed counts as 0.

    Without a search there is no estimate to judge: n is 0.
    """

    def accuracies(neuron: str) -> Values:
        own = tables.rows("runs", "accuracy", neuron=neuron).fillna({"accuracy": 0.0})
        return seed_means(own, "accuracy")

    def compare(rival: str) -> Cases:
        if not tables.files("trials"):
            return {"no search": NOTHING}
        trials = tables["trials"].groupby("neuron").size()
        if trials[LIF] != trials[rival]:
            raise ClaimError(
                f"searches of unequal size cannot be compared: {trials.to_dict()} trials"
            )
        gain = difference(accuracies(rival), accuracies(LIF), seed)
        return {f"{trials[LIF]} trials each": gain}

    return comparisons(tables, compare)


def jump_of_lif(tables: Tables, seed: int) -> Cases:
    """Largest jump of a sample's loss along the census's lines around LIF networks, in nats."""
    return of_lif(tables, lambda: {"all states": largest_jump(tables, LIF)})


def jumps_of_qif(tables: Tables, seed: int) -> Cases:
    """The same around the networks of each QIF model."""
    if not rivals(tables):
        return {"no QIF networks in this study": NOTHING}
    return {f"{rival}: all states": largest_jump(tables, rival) for rival in rivals(tables)}


def largest_jump(tables: Tables, neuron: str) -> Estimate:
    """Largest jump along the lines of one neuron model.

    n counts the changes of the order of spikes on these lines.
    """
    networks = tables.rows("census", "largest_jump", "swaps", neuron=neuron)
    largest = networks[["largest_jump", "largest_certified_jump"]].max(axis=None)
    return exact(np.array([largest]), int(networks["swaps"].sum()), "changes")


def minima(tables: Tables, seed: int) -> Cases:
    """Local minima on lines at the finest resolution, LIF over QIF."""
    return _beside(tables, lambda pair: ratio(*pair, seed), "lines", "minima")


def parts(tables: Tables, seed: int) -> Cases:
    """Separate parts of planes below a level, mean over levels, LIF over QIF."""
    return _beside(tables, lambda pair: ratio(*pair, seed), "planes", "parts_below")


def missed_change(tables: Tables, seed: int) -> Cases:
    """Share of the loss change along lines that integrated slopes miss, LIF minus QIF."""
    return _beside(tables, lambda pair: difference(*pair, seed), "lines", "missed_change")


def cosine(tables: Tables, seed: int) -> Cases:
    """Mean cosine between a network's gradient and those nearby, QIF minus LIF."""

    def near(neuron: str, state: str) -> Values:
        rows = tables.rows("nearby", "cosine", "distance", neuron=neuron, state=state)
        return seed_means(rows[rows["distance"].abs() <= NEAR], "cosine")

    return comparisons(
        tables,
        lambda rival: {s: difference(near(rival, s), near(LIF, s), seed) for s in LOOKED_AT},
    )


def share_of_swaps(tables: Tables, seed: int) -> Cases:
    """Of the places where a LIF network's loss jumps, the share that are changes of order."""
    return of_lif(
        tables,
        lambda: {
            s: _share(_jumps(tables, s), lambda t: t["cause"].isin(SWAPS), seed) for s in LOOKED_AT
        },
    )


def breaking_swaps(tables: Tables, seed: int) -> Cases:
    """Of all changes of order in LIF networks, the share at which a spike (dis)appears or jumps."""
    return of_lif(
        tables,
        lambda: {
            state: mean(tables.by_seed("census", "breaking_swaps", neuron=LIF, state=state), seed)
            for state in LOOKED_AT
        },
    )


def disappearances(tables: Tables, seed: int) -> Cases:
    """Of the changes of order at which a LIF network's loss jumps, the share that (dis)appear."""

    def share(state: str) -> Estimate:
        jumps = _jumps(tables, state)
        swaps = jumps[jumps["cause"].isin(SWAPS)]
        return _share(swaps, lambda t: t["appeared"] + t["vanished"] > 0, seed)

    return of_lif(tables, lambda: {state: share(state) for state in LOOKED_AT})


def cascade(tables: Tables, seed: int) -> Cases:
    """Spikes that appear, vanish or jump after the first one, at a jump of a LIF network's loss."""

    def others(state: str) -> Estimate:
        jumps = _jumps(tables, state)
        number = jumps[["appeared", "vanished", "moved"]].sum(axis=1) - 1
        return mean(seed_means(jumps.assign(others=number), "others"), seed)

    return of_lif(tables, lambda: {state: others(state) for state in LOOKED_AT})


def silenced(tables: Tables, seed: int) -> Cases:
    """Share of LIF neurons that fall silent for good during training."""
    return of_lif(tables, lambda: {"training": mean(_silenced(tables, LIF), seed)})


def silenced_more(tables: Tables, seed: int) -> Cases:
    """The same share, LIF minus QIF."""
    return comparisons(
        tables,
        lambda rival: {
            "training": difference(_silenced(tables, LIF), _silenced(tables, rival), seed)
        },
    )


def _beside(
    tables: Tables, estimate: Callable[[tuple[Values, Values]], Estimate], kind: str, measure: str
) -> Cases:
    """Means of ``measure`` over a seed's lines or planes at the finest resolution, LIF and QIF."""

    def finest(neuron: str, state: str) -> Values:
        rows = tables.rows(kind, measure, "stride", neuron=neuron, state=state)
        return seed_means(rows[rows["stride"] == 1], measure)

    return comparisons(
        tables,
        lambda rival: {s: estimate((finest(LIF, s), finest(rival, s))) for s in LOOKED_AT},
    )


def _jumps(tables: Tables, state: str) -> pd.DataFrame:
    """The places where a LIF network's loss jumps, as the census of breaks found them."""
    changes = tables["changes"]
    own = (changes["neuron"] == LIF) & (changes["state"] == state)
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
