"""What the claims about jumps and the order of spikes measure (arXiv 2606.03935)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.claims.comparison import LIF, Cases, comparisons, of_lif, of_qif
from study.claims.estimates import NOTHING, Estimate, Values, difference, exact, mean, share
from study.claims.results import Tables
from study.config.landscape import JUDGED
from study.landscape.constants import CAUSES, JUMP, SWAPS, height_column


def jump_of_lif(tables: Tables, seed: int) -> Cases:
    """Largest jump of a sample's loss along the census's lines around LIF networks, in nats."""
    return of_lif(tables, lambda: {"all states": _largest_jump(tables, LIF)})


def jumps_of_qif(tables: Tables, seed: int) -> Cases:
    """The same around the networks of each QIF model."""
    return of_qif(tables, lambda rival: {"all states": _largest_jump(tables, rival)})


def _largest_jump(tables: Tables, neuron: str) -> Estimate:
    """Largest jump along the lines of one neuron model, or the mean one of a profile if larger.

    n counts the changes that were isolated without a break, and the breaks.
    """
    jumps = ("largest_jump", "largest_certified_jump")
    networks = tables.rows("census", *jumps, "certified_swaps", "breaks", neuron=neuron)
    profiles = tables.rows("profiles", "n_jumps", *_heights(CAUSES), neuron=neuron)
    mean_jumps = _height(profiles, CAUSES) / profiles["n_jumps"].clip(lower=1)
    on_lines = networks[list(jumps)].max()
    largest = np.nanmax([*on_lines, *mean_jumps])
    n = int(networks[["certified_swaps", "breaks"]].sum().sum())
    return exact(np.array([largest]), n, "isolated changes") if n else NOTHING


def variation_in_jumps(tables: Tables, seed: int) -> Cases:
    """Share of the total variation of single samples' losses that lies in jumps, LIF minus QIF."""

    def in_jumps(neuron: str, state: str) -> Values:
        columns = ("variation", *_heights(CAUSES))
        rows = tables.rows("profiles", *columns, neuron=neuron, state=state)
        return tables.unit_ratios(rows.assign(jumps=_height(rows, CAUSES)), "jumps", "variation")

    return comparisons(
        tables,
        lambda rival: {
            state: difference(in_jumps(LIF, state), in_jumps(rival, state), seed, tables.unit)
            for state in _states(tables, "profiles")
        },
    )


def minima_by_order(tables: Tables, seed: int) -> Cases:
    """Of a LIF network's minima, the share that go when jumps at changes of order are taken out."""

    def gone(state: str, depth: float) -> Estimate:
        rows = tables.rows(
            "profile_minima", "minima", "minima_without_jumps",
            neuron=LIF, state=state, depth=depth,
        )  # fmt: skip
        lost = rows["minima"] - rows["minima_without_jumps"]
        return share(tables.unit_ratios(rows.assign(lost=lost), "lost", "minima"), tables.unit)

    return of_lif(
        tables,
        lambda: {
            f"{state}, deeper than {depth:g} nats": gone(state, depth)
            for state in _states(tables, "profile_minima")
            for depth in JUDGED
        },
    )


def jumps_by_order(tables: Tables, seed: int) -> Cases:
    """Of the jumps of a LIF network's losses, the share at changes of order: height and number."""

    def cases() -> Cases:
        found = {}
        for state in _states(tables, "profiles"):
            rows = tables.rows("profiles", *_heights(CAUSES), neuron=LIF, state=state)
            rows = rows.assign(all=_height(rows, CAUSES), order=_height(rows, SWAPS))
            found[f"{state}, by height"] = share(
                tables.unit_ratios(rows, "order", "all"), tables.unit
            )
            jumps = _jumps(tables, state)
            held = jumps["cause"].isin(SWAPS)
            found[f"{state}, by number"] = _share(tables, jumps, held)
        return found

    return of_lif(tables, cases)


def breaking(tables: Tables, seed: int) -> Cases:
    """Of the changes of order in LIF networks, the share at which a spike (dis)appears or jumps."""
    columns = {
        "all that can interact": "breaking_share",
        "inhibition that overtakes a spike": "breaking_share_of_inhibitory",
    }
    return of_lif(
        tables,
        lambda: {
            f"{state}, {what}": share(
                tables.units(tables.rows("census", column, neuron=LIF, state=state), column),
                tables.unit,
            )
            for state in _states(tables, "census")
            for what, column in columns.items()
        },
    )


def met_by_updates(tables: Tables, seed: int) -> Cases:
    """Breaks at changes of order that an update of a LIF network meets in its batch."""
    return of_lif(
        tables,
        lambda: {
            "trained": mean(
                tables.units(
                    tables.rows("updates", "breaks_per_update", neuron=LIF), "breaks_per_update"
                ),
                tables.unit,
            )
        },
    )


def disappearances(tables: Tables, seed: int) -> Cases:
    """Of the changes of order at which a LIF network's loss jumps, the share that (dis)appear."""

    def of_jumps(state: str) -> Estimate:
        jumps = _jumps(tables, state)
        swaps = jumps[jumps["cause"].isin(SWAPS)]
        return _share(tables, swaps, swaps["appeared"] + swaps["vanished"] > 0)

    return of_lif(tables, lambda: {s: of_jumps(s) for s in _states(tables, "changes")})


def disruption(tables: Tables, seed: int) -> Cases:
    """Spikes that change after one that (dis)appears in a LIF network, beyond harmless changes.

    Later spikes that appear, vanish or move by more than 1 ms between points a little to the left
    and right: at jumps, minus those at harmless changes of order of the same networks, and of QIF
    networks.
    """
    later = "aside_later"

    def at_jumps() -> Values:
        columns = ("appeared", "vanished", later)
        jumps = tables.some("changes", *columns, neuron=LIF, search="breaks")
        return tables.units(jumps[jumps["appeared"] + jumps["vanished"] > 0], later)

    def harmless(neuron: str) -> Values:
        own = tables.some("changes", later, neuron=neuron, search="swaps", breaks=False)
        return tables.units(own, later)

    own = of_lif(
        tables,
        lambda: {
            "beside harmless changes": difference(at_jumps(), harmless(LIF), seed, tables.unit)
        },
    )
    others = comparisons(
        tables,
        lambda rival: {"beside it": difference(at_jumps(), harmless(rival), seed, tables.unit)},
    )
    return own | others


def _states(tables: Tables, name: str) -> list[str]:
    return list(tables.some(name, "state")["state"].unique())


def _height(rows: pd.DataFrame, causes: tuple[str, ...]) -> pd.Series:
    """Summed heights of the jumps of these ``causes`` on each line, in nats."""
    return rows[_heights(causes)].sum(axis=1)


def _heights(causes: tuple[str, ...]) -> list[str]:
    """Columns with the heights of the jumps of these ``causes``."""
    return [height_column(cause) for cause in causes]


def _jumps(tables: Tables, state: str) -> pd.DataFrame:
    """The places where a LIF network's loss jumps, as the census of breaks found them."""
    columns = ("loss_jump", "cause", "appeared", "vanished")
    breaks = tables.some("changes", *columns, neuron=LIF, state=state, search="breaks")
    return breaks[breaks["loss_jump"].abs() > JUMP]


def _share(tables: Tables, rows: pd.DataFrame, holds: pd.Series) -> Estimate:
    """Share of each unit's ``rows`` of which ``holds`` is true."""
    return share(tables.units(rows.assign(holds=holds.astype(float)), "holds"), tables.unit)
