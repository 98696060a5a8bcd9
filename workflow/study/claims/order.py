"""What the claims about jumps and the order of spikes of :mod:`study.claims.qif_paper` measure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from study.claims.estimates import NOTHING, Estimate, exact_estimate
from study.claims.results import LIF, Cases, Tables, Units
from study.config.landscape import JUDGED_DEPTHS
from study.landscape.constants import CAUSES, JUMP, SWAPS, height_column


def jump_of_lif(tables: Tables) -> Cases:
    """One isolated jump proves a discontinuity."""
    return tables.lif_cases(lambda: {"all states": _largest_jump(tables, LIF)})


def jumps_of_qif(tables: Tables) -> Cases:
    """Any jump refutes continuity, so that those of profiles count, too: the mean one of each."""

    def largest(qif: str) -> Estimate:
        profiles = tables.rows("profiles", "n_jumps", *_heights(CAUSES), neuron=qif)
        mean_jumps = _height(profiles, CAUSES) / profiles["n_jumps"].clip(lower=1)
        return _largest_jump(tables, qif, mean_jumps)

    return tables.qif_cases(lambda qif: {"all states": largest(qif)})


def _largest_jump(tables: Tables, neuron: str, others: Iterable[float] = ()) -> Estimate:
    """Largest isolated jump along the lines of one neuron model, or of ``others`` if one is larger.

    n counts the changes that were isolated without a break, and the breaks, without those at which
    a spike lingers: their jump is 0 by theory, not by measurement.
    """
    jumps = ("largest_jump", "largest_certified_jump")
    networks = tables.rows("census", *jumps, "certified_swaps", "breaks", neuron=neuron)
    changes = tables.matching_rows(
        "changes", "loss_jump", "search", "breaks", "lingers", neuron=neuron
    )
    breaks, searched = changes["breaks"].astype(bool), changes["search"] == "breaks"
    beside = changes.loc[breaks & ~searched, "loss_jump"].abs()  # breaks that swaps' search met
    largest = np.nanmax([*networks[list(jumps)].max(), *beside, *others])
    n = networks[["certified_swaps", "breaks"]].sum().sum()
    n -= (searched & changes["lingers"].astype(bool)).sum()
    n = max(int(n), int(largest > JUMP))  # a jump that a profile met is one
    return exact_estimate(np.array([largest]), n, "isolated changes") if n else NOTHING


def variation_in_jumps(tables: Tables) -> Cases:
    def in_jumps(neuron: str, state: str) -> Units:
        columns = ("variation", *_heights(CAUSES))
        rows = tables.rows("profiles", *columns, neuron=neuron, state=state)
        return tables.unit_ratios(rows.assign(jumps=_height(rows, CAUSES)), "jumps", "variation")

    states = _states(tables, "profiles")
    return tables.lif_minus_qif(in_jumps, {state: (state,) for state in states})


def minima_by_order(tables: Tables) -> Cases:
    def gone(state: str, depth: float) -> Estimate:
        columns = ("minima", "minima_without_jumps")
        rows = tables.rows("profile_minima", *columns, neuron=LIF, state=state, depth=depth)
        lost = rows["minima"] - rows["minima_without_jumps"]
        return tables.ratio(rows.assign(lost=lost), "lost", "minima")

    return tables.lif_cases(
        lambda: {
            f"{state}, deeper than {depth:g} nats": gone(state, depth)
            for state in _states(tables, "profile_minima")
            for depth in JUDGED_DEPTHS
        }
    )


def jumps_by_order(tables: Tables) -> Cases:
    def by_height(state: str) -> Estimate:
        rows = tables.rows("profiles", *_heights(CAUSES), neuron=LIF, state=state)
        rows = rows.assign(all=_height(rows, CAUSES), order=_height(rows, SWAPS))
        return tables.ratio(rows, "order", "all")

    def by_number(state: str) -> Estimate:
        jumps = _jumps(tables, state)
        return _share(tables, jumps, jumps["cause"].isin(SWAPS))

    return tables.lif_cases(
        lambda: {
            f"{state}, {how}": find(state)
            for state in _states(tables, "profiles")
            for how, find in (("by height", by_height), ("by number", by_number))
        }
    )


def breaking_share(tables: Tables) -> Cases:
    columns = {
        "all that can interact": "breaking_share",
        "inhibition that overtakes a spike": "breaking_share_of_inhibitory",
    }
    return tables.lif_cases(
        lambda: {
            f"{state}, {what}": tables.share(
                tables.rows("census", column, neuron=LIF, state=state), column
            )
            for state in _states(tables, "census")
            for what, column in columns.items()
        }
    )


def breaks_met_by_updates(tables: Tables) -> Cases:
    column = "breaks_per_update"

    def met() -> Units:
        return tables.units(tables.rows("updates", column, neuron=LIF), column)

    return tables.lif_cases(lambda: {"trained": tables.mean(met(), within=(0.0, np.inf))})


def disappearances(tables: Tables) -> Cases:
    def of_jumps(state: str) -> Estimate:
        jumps = _jumps(tables, state)
        swaps = jumps[jumps["cause"].isin(SWAPS)]
        return _share(tables, swaps, swaps["appeared"] + swaps["vanished"] > 0)

    return tables.lif_cases(
        lambda: {state: of_jumps(state) for state in _states(tables, "changes")}
    )


def disruption(tables: Tables) -> Cases:
    """Spikes that change after one that (dis)appears in a LIF network, beyond harmless changes.

    Later spikes that appear, vanish or move by more than 1 ms between points a little to the left
    and right: at jumps, minus those at harmless changes of order of the same networks, and of QIF
    networks. Changes of all states together, and of each by itself.
    """
    later = "aside_later"

    def at_jumps(**state: str) -> Units:
        columns = ("appeared", "vanished", later)
        jumps = tables.matching_rows("changes", *columns, neuron=LIF, search="breaks", **state)
        return tables.units(jumps[jumps["appeared"] + jumps["vanished"] > 0], later)

    def harmless(neuron: str, **state: str) -> Units:
        own = tables.matching_rows(
            "changes", later, neuron=neuron, search="swaps", breaks=False, **state
        )
        return tables.units(own, later)

    def beyond(neuron: str, **state: str) -> Estimate:
        return tables.difference(at_jumps(**state), harmless(neuron, **state))

    def beside_harmless() -> Cases:
        states = {
            f"{state}, beside harmless changes": beyond(LIF, state=state)
            for state in _states(tables, "changes")
        }
        return {"beside harmless changes": beyond(LIF)} | states

    own = tables.lif_cases(beside_harmless)
    if not tables.qif_models:
        return own
    return own | tables.comparisons(lambda qif: {"beside it": beyond(qif)})


def _states(tables: Tables, name: str) -> list[str]:
    return list(tables.matching_rows(name, "state")["state"].unique())


def _height(rows: pd.DataFrame, causes: tuple[str, ...]) -> pd.Series:
    """Summed heights of the jumps of these ``causes`` on each line, in nats."""
    return rows[_heights(causes)].sum(axis=1)


def _heights(causes: tuple[str, ...]) -> list[str]:
    return [height_column(cause) for cause in causes]


def _jumps(tables: Tables, state: str) -> pd.DataFrame:
    """The places where a LIF network's loss jumps, as the census of breaks found them."""
    columns = ("loss_jump", "cause", "appeared", "vanished")
    breaks = tables.matching_rows("changes", *columns, neuron=LIF, state=state, search="breaks")
    return breaks[breaks["loss_jump"].abs() > JUMP]


def _share(tables: Tables, rows: pd.DataFrame, holds: pd.Series) -> Estimate:
    """Share of each unit's ``rows`` of which ``holds`` is true."""
    return tables.share(rows.assign(holds=holds.astype(float)), "holds")
