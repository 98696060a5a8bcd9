"""Verdicts on results with known truth, on corrupted ones, and on incomplete ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.claims.claim import WEIGHED, Claim
from study.claims.estimates import Criterion, Estimate, Verdict
from study.claims.judge import CLAIMS, judge
from study.claims.qif_paper import QIF_CLAIMS, UNITS
from study.claims.results import ClaimError, Tables
from study.config.landscape import JUDGED_DEPTHS
from study.landscape.constants import CAUSES, STATES, height_column

SUPPORTED, NOT_SUPPORTED, EXCLUDED, UNDECIDED, NOT_MEASURABLE = map(str, Verdict)
N_SEARCHES, SEEDS_EACH = 5, 2

Frames = dict[str, pd.DataFrame]


def cross(rows: pd.DataFrame, **columns: Iterable[Any]) -> pd.DataFrame:
    """``rows`` with each combination of the values of further ``columns``."""
    for name, values in columns.items():
        rows = rows.merge(pd.DataFrame({name: list(values)}), how="cross")
    return rows


def training_tables(world: str) -> Frames:
    """QIF is better and never diverges, half of LIF's runs do, and its neurons fall silent."""
    runs = cross(pd.DataFrame({"neuron": ["lif", "qif"]}), search=range(N_SEARCHES), k=(0, 1))
    runs["seed"] = SEEDS_EACH * runs["search"] + runs["k"]
    exchanged = {"opposite": True, "vague": runs["search"] % 2 == 1}.get(world, False)
    runs["lif"] = (runs["neuron"] == "lif") ^ exchanged  # by nature
    noise = 0.01 * np.random.default_rng(0).normal(size=len(runs))
    runs["accuracy"] = np.where(runs["lif"], 0.7, 0.9) + noise
    runs["accuracy_unseen_speakers"] = runs["accuracy"] - 0.1
    runs["outcome"] = np.where(runs["lif"] & (runs["k"] == 1), "overflow", "finished")

    # of 10 neurons 9 never spikes; of LIF's 0 to 2 fall silent: 0 wakes up, 1 has a gradient still,
    # 2 falls silent in the first epoch
    silence = cross(runs, unit=range(10))
    fell = silence["lif"] & (silence["unit"] < 3) & (world != "empty")
    silence["ever_spiked"] = silence["unit"] != 9
    silence["silent"] = fell | ~silence["ever_spiked"]
    silence["woke"] = fell & (silence["unit"] == 0)
    silence["has_gradient"] = (silence["unit"] == 1) | ~silence["silent"]

    histories = cross(runs, epoch=range(3))
    fallen = np.where(histories["lif"] & (world != "empty"), 2, 9)
    histories["silent_neurons"] = [
        [9] if epoch == 0 else [*{9, unit}, *([1] if epoch == 2 else [])]
        for epoch, unit in zip(histories["epoch"], fallen, strict=True)
    ]

    searches = runs[runs["k"] == 0].drop(columns="k")
    budget = cross(searches, share=(0.2, 0.3, 0.9))
    budget["expected_best"] = np.where(budget["lif"], 0.6, 0.8) + 0.01 * budget["share"]
    return {
        "runs": runs,
        "silence": silence,
        "histories": histories,
        "budget": budget,
        "stability": searches.assign(
            trials=4, diverged=np.where(searches["lif"], 2, 0), budget_spent=True
        ),
        "speakers": cross(searches, speaker=range(3)),
    }


def landscape_tables(runs: pd.DataFrame, seen: bool) -> Frames:
    """Landscapes as the paper has them, around networks of the nature that ``runs`` names."""
    runs = runs[["neuron", "search", "seed", "lif"]]
    states = cross(runs, state=STATES)
    noise = np.random.default_rng(1).normal(1, 0.01, len(states))

    def by_nature(rows: pd.DataFrame, lif: Any, qif: Any, unseen: float = 0) -> Any:
        return np.where(rows["lif"], lif, qif) if seen else unseen

    census = states.assign(
        breaks=by_nature(states, 3, 0),
        certified_swaps=100 * seen,
        largest_jump=by_nature(states, 0.3 * noise, 0.0),
        largest_certified_jump=0.0,
        breaking_share=by_nature(states, 0.1, 0.0, np.nan),
        breaking_share_of_inhibitory=by_nature(states, 0.4, 0.0, np.nan),
    )
    minima = states.assign(length=0.5 * noise, area=0.8 * noise, settled=True)
    minima = cross(minima, direction=("filter0", "difference"), depth=(0.003, *JUDGED_DEPTHS))
    minima.loc[0, "settled"] = False  # of many, as a study has it
    profiles = states.assign(variation=1.0 * seen, n_jumps=2 * seen)
    profiles[[*map(height_column, CAUSES)]] = 0.0
    profiles["jump_input_swap"] = by_nature(states, 0.3 * noise, 1e-11)
    profiles["jump_grazing"] = by_nature(states, 0.1, 1e-10)

    changes = cross(states, k=range(20 * seen))
    lif, k = changes["lif"], changes["k"]
    sizes = np.random.default_rng(2).uniform(0.01, 0.1, len(changes))
    changes = changes.assign(
        search="breaks",
        breaks=True,
        lingers=False,
        cause=np.where((k % 4 > 0) == lif, "input swap", "grazing"),
        loss_jump=np.where(k == 0, 1e-12, (-1) ** k * sizes),  # the first is too small to count
        appeared=np.where(lif & (k >= 4), 2, k == 8).astype(int),
        vanished=0,
        aside_later=np.where(lif, 30, 2),
    )
    harmless = {"search": "swaps", "breaks": False, "lingers": False, "cause": "spike swap"}
    harmless |= {"aside_later": 5, "loss_jump": 0, "appeared": 0, "vanished": 0}
    steps = cross(runs, batch=("own", "fixed"), epoch=(0, 3))
    return {
        "census": census,
        "line_minima": minima.assign(minima=by_nature(minima, 5, 1)),
        "plane_minima": minima.assign(minima=by_nature(minima, 5, 1)),
        "profile_minima": minima.assign(
            minima=by_nature(minima, 10, 2), minima_without_jumps=by_nature(minima, 1, 2)
        ),
        "profiles": profiles,
        "changes": pd.concat([changes, states.assign(**harmless)[: len(changes)]]),
        "steps": steps.assign(
            predicted=-0.1 * seen,
            error=by_nature(steps, 0.08, 0.02, np.nan),
            cosine=by_nature(steps, 0.3, 0.9, np.nan),
            cosine_clipped=by_nature(steps, 0.4, 0.8, np.nan),
            norm_variation=by_nature(steps, 0.5, 0.1, np.nan),
        ),
        "updates": runs.assign(breaks_per_update=by_nature(runs, 30.0, 0.01, np.nan)),
    }


def kernel_tables() -> Frames:
    """A diverging and a converging diagonal, powers of the width, networks near the SG-NTK."""
    networks = pd.DataFrame({"n_networks": [50]})

    def with_interval(rows: pd.DataFrame, exponent: Any, margin: float) -> pd.DataFrame:
        return rows.assign(exponent=exponent, low=exponent - margin, high=exponent + margin)

    diagonals = cross(networks, depth=(2, 3), slope=(10.0, 100.0, 1000.0, np.inf))
    naive = diagonals["slope"] ** (diagonals["depth"] - 1)
    exponents = cross(networks, quantity=("squared_error", "drift"), slope=(2.0, 5.0), step=(0, 9))
    powers = exponents["quantity"].map({"squared_error": -1.0, "drift": -0.5})
    growth = cross(networks, width=(10, 100)).assign(theory=2)
    trends = cross(networks, quantity=("distance", "spread, train", "spread, test")).assign(
        widths=3
    )
    # narrow, early and converged networks must not be mistaken for the ones to judge
    trained = cross(networks, width=(10, 100), step=(30, 90))
    judged = (trained["width"] == 100) & (trained["step"] == 90)
    spread = 0.5 * np.where(judged, np.hypot(1, 0.1), 9.0)
    spreads = trained.assign(std=spread, low=0.998 * spread, high=1.002 * spread, std_predicted=0.5)

    far = {"SG-NTK": 0.02, "two-sided": 0.2, "NNGP": 0.3, "transposed": 0.15, "symmetrised": 0.1}
    distances = cross(trained.assign(last=judged), at=("same time", "convergence"), kernel=far)
    last = distances["last"] & (distances["at"] == "same time")
    rms = distances["kernel"].map(far)
    distances = distances.assign(
        excess=np.where(last, rms, 5.0),
        excess_low=np.where(last, rms - 0.01, 5.0),
        excess_high=np.where(last, rms + 0.01, 5.0),
        advantage=np.where(distances["last"], rms**2 - 0.02**2, -1.0),
        advantage_se=0.001,
    )
    return {
        "diagonals": pd.concat(
            [
                diagonals.assign(surrogate="true_derivative", kernel=naive),
                diagonals.assign(surrogate="identity", kernel=2 - 1 / diagonals["slope"]),
            ]
        ),
        "growth": with_interval(growth, np.array([0.2, 1.9]), 0.1),
        "exponents": with_interval(exponents, powers, 0.1),
        "distances": distances[distances["kernel"].isin(["SG-NTK", "two-sided", "NNGP"])],
        "off_circle": distances,
        "spreads": cross(spreads, points=("train", "test")),
        "trends": with_interval(trends, np.array([-0.5, -0.4, -0.25]), 0.05),
        "problem": pd.DataFrame({"target": [1.0, -1.0, 1.0, -1.0]}),
    }


def results(world: str = "claimed") -> Frames:
    """All tables of a study in a ``world``: as the abstract has it ("claimed"); with the natures of
    LIF and QIF networks exchanged ("opposite"); with half of the searches finding each ("vague");
    and one in which there is nothing to see ("empty")."""
    training = training_tables(world)
    return {**training, **landscape_tables(training["runs"], world != "empty"), **kernel_tables()}


def networks(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Frames:
    """:func:`results`, whose tables of networks are ``change``d."""
    return {
        name: change(table) if "neuron" in table else table for name, table in results().items()
    }


class InMemory(Tables):
    """Tables of an experiment, and those that the study does not make."""

    def __init__(self, frames: Frames, absent: Iterable[str] = ()) -> None:
        files = {name: [f"one_hidden/{name}.csv"] for name in frames}
        super().__init__({**files, **{name: [] for name in absent}}, seed=0)
        self.frames = frames

    def read(self, files: tuple[str, ...]) -> pd.DataFrame:
        return self.frames[Path(files[0]).stem]


def judged(
    frames: Frames,
    claims: Iterable[Claim] = CLAIMS,
    absent: Iterable[str] = (),
    fixed: date | None = None,
) -> Any:
    table = judge(InMemory(frames, absent), "toy", fixed, claims)
    assert set(table["id"]) == {claim.name for claim in claims}  # none vanishes
    return table


def named(*names: str) -> list[Claim]:
    return [claim for claim in CLAIMS if claim.name in names]


def verdicts(table: pd.DataFrame) -> dict[str, str]:
    """The verdict on each claim; that of a claim with several cases must be the same in all."""
    grouped = table.groupby("id")["verdict"].unique()
    assert (grouped.map(len) == 1).all(), grouped[grouped.map(len) > 1].to_dict()
    return grouped.map(lambda values: values[0]).to_dict()


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    """The claims of a study in which all of them hold."""
    return judged(results())


def test_every_claim_is_supported_where_it_is_true(truth):
    assert verdicts(truth) == {claim.name: SUPPORTED for claim in CLAIMS}
    assert len(truth.groupby("id")) == len(CLAIMS)  # each has a name of its own


# one jump proves a discontinuity, and one refutes continuity
VAGUE = {"lif-discontinuous": SUPPORTED, "qif-continuous": NOT_SUPPORTED}
# without any jump, change of order, minimum or step; training went as claimed
EMPTY = {
    "qif-outperforms-lif": SUPPORTED,
    "qif-outperforms-lif-at-each-budget": SUPPORTED,
    "lif-diverges-more": SUPPORTED,
    "lif-fall-silent": NOT_SUPPORTED,
    "qif-stay-active": SUPPORTED,
    "lif-fall-silent-more": UNDECIDED,
}


@pytest.mark.parametrize(
    ("world", "most", "others"),
    [
        ("opposite", NOT_SUPPORTED, {}),
        ("vague", UNDECIDED, VAGUE),
        ("empty", NOT_MEASURABLE, EMPTY),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_world_has_other_verdicts(world, most, others):
    found = verdicts(judged(results(world), QIF_CLAIMS))
    assert found == {claim.name: others.get(claim.name, most) for claim in QIF_CLAIMS}


GAIN = "qif-outperforms-lif"


@pytest.mark.parametrize(
    ("claim", "case", "value"),
    [
        (GAIN, "qif: all voices", 0.2),
        (GAIN, "qif: all voices, failed runs count as 0", 0.9 - 0.35),
        (GAIN, "qif: every speaker alike", 0.2),
        ("qif-outperforms-lif-at-each-budget", "qif: 1/4 of the budget", 0.2),
        ("lif-diverges-more", "qif: final runs", 0.5),
        ("lif-fragmented-lines", "qif: trained, deeper than 0.01 nats", 4 / 0.5),
        ("lif-fragmented-planes", "qif: trained, deeper than 0.1 nats", 4 / 0.8),
        ("lif-fragmented-samples", "qif: trained, deeper than 0.1 nats", 8),
        ("lif-gradients-mislead", "qif: on a fixed batch", 0.8 - 0.2),
        ("lif-gradients-turn", "qif: on a fixed batch, samples clipped", 0.4),
        ("lif-gradients-vary", "qif: on a fixed batch", 0.4),
        ("lif-varies-by-jumps", "qif: trained", 0.4),
        ("minima-arise-from-order", "trained, deeper than 0.1 nats", 0.9),
        ("jumps-are-order-changes", "trained, by height", 0.75),
        ("jumps-are-order-changes", "trained, by number", 15 / 19),
        ("order-changes-often-break", "trained, all that can interact", 0.1),
        ("updates-meet-breaks", "trained", 30),
        ("jumps-by-disappearance", "trained", 12 / 15),
        ("disappearances-disrupt", "beside harmless changes", 25),
        ("lif-fall-silent", "to the end", 0.3),
        ("lif-fall-silent", "when training goes on", 0.2),
        ("lif-fall-silent", "when training goes on, without gradient", 0.1),
        ("lif-fall-silent", "when training goes on, after the first epoch", 0.1),
        ("naive-ntk-diverges", "gradients of finite networks (one_hidden), width 100", -0.1),
        ("sg-ntk-converges", "all depths and surrogates", -1.0),
        ("sg-ntk-describes-sign-networks", "one_hidden, width 100, above 0", 0.02),
        ("sg-ntk-describes-spread", "one_hidden, width 100, train points, more", 0.05),
        ("sg-ntk-distance-falls", "one_hidden, 3 widths, distance", -0.5),
        ("sg-ntk-is-not-symmetric", "one_hidden, beside symmetrised", 0.1**2 - 0.02**2),
    ],
)
def test_every_number_is_the_one_that_was_put_in(truth, claim, case, value):
    found = truth.set_index(["id", "case"]).loc[(claim, case)]
    noise = 1e-3 if "ntk" in claim else 0.015
    assert found["estimate"] == pytest.approx(value, rel=0.02, abs=noise)
    assert f"one_hidden/{found['read'].split(':')[0]}.csv" in found["files"]


def test_units_are_counted_and_comparisons_adjusted_for(truth):
    table = truth.set_index(["id", "case"])
    assert (table.loc[GAIN, "n"] == N_SEARCHES).all()  # not seeds: each search has two
    budget = table.loc["qif-outperforms-lif-at-each-budget"]
    assert set(budget.index) == {"qif: 1/4 of the budget", "qif: all of the budget"}
    continuous = table.loc[("qif-continuous", "qif: all states")]
    assert continuous["n"] == 100 * N_SEARCHES * SEEDS_EACH * len(STATES)
    best = table.loc[("sg-ntk-describes-best", "one_hidden, beside two-sided")]
    assert best["low"] == pytest.approx(best["estimate"] - 1.96 * 0.001)
    compared = truth.dropna(subset="p")
    least = compared.loc[compared["p"].idxmin()]
    assert least["p_holm"] == pytest.approx(min(1.0, least["p"] * len(compared)))
    assert (compared["p_holm"] >= compared["p"]).all()


def test_folds_without_a_number_are_left_out_of_ratios_and_pairs():
    """LIF has nothing below the line in the second fold, QIF no row of the third."""
    runs = cross(pd.DataFrame({"neuron": ["lif", "qif"]}), seed=range(6))
    runs["fold"] = "fold" + (runs["seed"] // 2).astype(str)
    tables = InMemory({"runs": runs, "stability": runs}, [])
    rows = runs.assign(over=1.0 + runs["seed"], under=2.0)
    rows.loc[(rows["neuron"] == "lif") & (rows["fold"] == "fold1"), ["over", "under"]] = 0.0
    rows = rows[(rows["neuron"] == "lif") | (rows["fold"] != "fold2")]
    lif, qif = (
        tables.unit_ratios(rows[rows["neuron"] == n], "over", "under") for n in ("lif", "qif")
    )
    assert lif.to_dict() == {"fold0": 3 / 4, "fold2": 11 / 4}
    assert qif.to_dict() == {"fold0": 3 / 4, "fold1": 7 / 4}
    assert tables.difference(lif, qif).n == 1


def test_folds_are_the_unit_and_paired():
    """A fold is as hard for both neuron models; its speakers count alike, however many samples."""
    tables = results()
    hard = 0.1 * np.arange(N_SEARCHES)
    for name in ("runs", "speakers", "budget", "stability"):
        table = tables[name]
        table["fold"] = "fold" + table["search"].astype(str)
        if "accuracy" in table:
            table["accuracy"] -= hard[table["search"]]
    unpaired = judged(tables | {"runs": tables["runs"].drop(columns="fold")}, named(GAIN))
    table = judged(tables, named(GAIN))
    case = "qif: every speaker alike"
    row, before = (t.set_index("case").loc[case] for t in (table, unpaired))
    assert (row["n"], row["unit"]) == (N_SEARCHES, "folds")
    assert row["estimate"] == pytest.approx(before["estimate"])
    assert row["high"] - row["low"] < (before["high"] - before["low"]) / 5
    means = tables["speakers"].groupby(["neuron", "fold"])["accuracy"].mean()
    gains = (means["qif"] - means["lif"]).to_numpy()
    flips = np.array(list(itertools.product([-1, 1], repeat=len(gains)))) @ gains
    assert row["p"] == pytest.approx(np.mean(abs(flips) >= abs(gains.sum()) - 1e-12))


def test_searches_within_folds_decide_where_there_are_several():
    """How hard a fold is for one model alone is no error of another search on the same folds."""
    tables = results()
    for name in ("runs", "speakers", "budget", "stability"):
        table = tables[name]
        fold = np.minimum(table["search"] // 2, 1)
        table["fold"] = "fold" + fold.astype(str)
        if "accuracy" in table:
            table["accuracy"] -= 0.1 * fold * (table["neuron"] == "lif")
    table = judged(tables, named(GAIN)).set_index("case")
    row = table.loc["qif: another search, these speakers"]
    folds = table.loc["qif: every speaker alike"]
    assert (row["n"], row["unit"]) == (N_SEARCHES, "searches within folds")
    assert row["estimate"] == pytest.approx(folds["estimate"])
    assert row["high"] - row["low"] < (folds["high"] - folds["low"]) / 5


def test_without_a_search_seeds_are_the_unit_and_performance_is_not_compared():
    others = ("lif-gradients-turn", "lif-diverges-more")
    table = judged(results(), named(GAIN, *others), absent=("budget", "stability"))
    table = table.set_index("id")
    assert table.loc[GAIN, "verdict"] == NOT_MEASURABLE
    for claim in others:
        assert (table.loc[[claim], "n"] == N_SEARCHES * SEEDS_EACH).all()
        assert (table.loc[[claim], "unit"] == "seeds").all()


def test_one_jump_tells_and_the_absence_of_jumps_takes_many_changes() -> None:
    """Changes at which a spike lingers are no evidence of continuity."""
    tables = results()
    changes = tables["changes"].assign(loss_jump=0.0).reset_index(drop=True)
    (first, second, *_) = changes.index[changes["neuron"] == "qif"]

    def row(name: str, **changed: pd.DataFrame) -> pd.Series:
        return judged(tables | {"changes": changes} | changed, named(name)).iloc[0]

    before = row("qif-continuous")
    changes.loc[first, "lingers"] = True
    assert row("qif-continuous")["n"] == before["n"] - 1
    changes["lingers"] = False
    smooth = tables["profiles"].assign(n_jumps=0, jump_input_swap=0, jump_grazing=0)
    none = tables["census"].assign(certified_swaps=0, breaks=0, largest_jump=0.0)
    few = none.assign(certified_swaps=1 * ~none.duplicated("neuron"))  # a change of each
    for census, lif, qif in (
        (none, NOT_MEASURABLE, NOT_MEASURABLE),
        (few, UNDECIDED, UNDECIDED),
        (few.assign(largest_jump=0.3), SUPPORTED, NOT_SUPPORTED),
    ):
        assert row("lif-discontinuous", census=census, profiles=smooth)["verdict"] == lif
        assert row("qif-continuous", census=census, profiles=smooth)["verdict"] == qif
    met = smooth.assign(n_jumps=1, jump_grazing=0.1)
    assert row("qif-continuous", census=none, profiles=met)["verdict"] == NOT_SUPPORTED
    changes.loc[second, ["search", "loss_jump"]] = ["swaps", -0.05]
    refuted = row("qif-continuous", census=none, profiles=smooth)
    assert (refuted["estimate"], refuted["verdict"]) == (0.05, NOT_SUPPORTED)


def test_searches_of_a_fold_count_alike_however_many_networks_they_have() -> None:
    runs = pd.DataFrame({"neuron": "lif", "seed": range(4), "fold": ["a", "a", "a", "b"]})
    runs["search"] = [0, 0, 1, 2]
    tables = InMemory({"runs": runs, "stability": runs})
    rows = runs[["neuron", "seed"]].assign(value=[0.2, 0.4, 0.9, 0.5])
    assert tables.units(rows, "value").to_dict() == pytest.approx({"a": 0.6, "b": 0.5})


def test_few_searches_decide_nothing():
    few = networks(lambda table: table[table["seed"] < SEEDS_EACH * (UNITS - 1)])
    found = verdicts(judged(few))
    assert {claim.name for claim in CLAIMS if claim.criterion.least == UNITS} == {
        name for name, verdict in found.items() if verdict == UNDECIDED
    }


FLAT = {"exponent": 0.0, "low": -0.05, "high": 0.05}
REVERSED = {"advantage": lambda t: -t["advantage"]}
SWAPPED = {"kernel": lambda t: t["kernel"].replace({"SG-NTK": "NNGP", "NNGP": "SG-NTK"})}
TRENDS = ("sg-ntk-distance-falls", "sg-ntk-spread-falls")
LINES, SPREAD = "lif-fragmented-lines, qif: ", "sg-ntk-describes-spread"


@pytest.mark.parametrize(("table", "changed", "verdict", "names"), [
    ("line_minima", {"settled": lambda t: t["lif"]}, NOT_MEASURABLE, [LINES]),
    ("line_minima", {"settled": lambda t: t["state"] != "trained"}, SUPPORTED, [f"{LINES}untr"]),
    ("census", {"largest_jump": lambda t: t["seed"] == 0}, NOT_SUPPORTED, ["qif-continuous"]),
    ("census", {"certified_swaps": 4}, UNDECIDED, ["qif-continuous"]),
    ("diagonals", {"kernel": lambda t: 2 - 1 / t["slope"]}, NOT_SUPPORTED,
     ["naive-ntk-diverges, closed"]),
    ("diagonals", {"kernel": lambda t: t["slope"]}, NOT_SUPPORTED, ["sg-ntk-converges"]),
    ("growth", FLAT, NOT_SUPPORTED,
     ["naive-ntk-diverges, gradients of finite networks (one_hidden), width 100"]),
    ("distances", SWAPPED, NOT_SUPPORTED, ["sg-ntk-describes-sign-networks"]),
    ("distances", REVERSED, NOT_SUPPORTED, ["sg-ntk-describes-best"]),
    ("off_circle", REVERSED, NOT_SUPPORTED, ["sg-ntk-is-not-symmetric"]),
    ("spreads", {"std": 0.3, "low": 0.29, "high": 0.31}, NOT_SUPPORTED, [SPREAD]),
    ("trends", FLAT, NOT_SUPPORTED, TRENDS),
    ("trends", {"low": -np.inf, "high": 0.0}, UNDECIDED, TRENDS),
    ("trends", dict.fromkeys(FLAT, -np.inf), NOT_MEASURABLE, TRENDS[1:]),
    ("exponents", FLAT, NOT_SUPPORTED, ["sg-ntk-stays-constant", "sg-ntk-is-the-limit-of-width"]),
])  # fmt: skip
def test_what_refutes_a_claim_is_noticed(
    table: str, changed: Mapping[str, Any], verdict: str, names: Iterable[str]
):
    tables = results()
    tables[table] = tables[table].assign(**changed)
    for name in names:
        claim, _, case = name.partition(", ")
        found = judged(tables, named(claim))
        assert set(found[found["case"].str.startswith(case)]["verdict"]) == {verdict}, name


def test_searches_that_did_not_spend_their_budget_are_not_compared():
    tables = results()
    tables["stability"]["budget_spent"] = np.arange(2 * N_SEARCHES) != 3
    table = judged(tables, named(GAIN, "qif-outperforms-lif-at-each-budget"))
    assert set(table["case"]) == {"qif: searches of unequal budgets"}
    assert set(table["verdict"]) == {NOT_MEASURABLE}


def test_what_is_missing_is_an_error():
    tables = results()
    lines = tables["line_minima"]
    tables["line_minima"] = lines[lines["neuron"] == "lif"]
    with pytest.raises(ClaimError, match=r"line_minima.csv: no row of neuron qif"):
        judged(tables, QIF_CLAIMS)


@pytest.mark.parametrize(("absent", "named"), [("lif", "LIF"), ("qif", "QIF")])
def test_a_comparison_that_the_study_does_not_make_is_named(absent, named):
    table = judged(networks(lambda t: t[t["neuron"] != absent]), QIF_CLAIMS).set_index("id")
    compared = [claim.name for claim in QIF_CLAIMS if " minus " in claim.measure]
    compared.remove("disappearances-disrupt")  # beside harmless changes of its own, too
    for name in [*compared, f"{absent}-{'dis' * (absent == 'lif')}continuous"]:
        assert table.loc[name, "case"] == f"no {named} networks in this study"
        assert table.loc[name, "verdict"] == NOT_MEASURABLE
    if absent == "qif":
        assert set(table.loc[["disappearances-disrupt"], "verdict"]) == {SUPPORTED}


GATHERED = {"neuron", "seed", "search"}  # by which networks are gathered


def test_the_columns_and_rows_that_a_claim_names_are_all_that_it_needs(truth):
    """Whoever follows the sources finds the same numbers, whatever else the files hold."""
    tables = results()
    whole = InMemory(tables)
    named = set()
    for claim in CLAIMS:
        claim.estimate(whole)
        columns = {"runs": set(GATHERED), "stability": set(GATHERED)}  # these tell what a unit is
        rows = {name: np.full(len(table), name in columns) for name, table in tables.items()}
        for source in whole.take_sources():
            columns.setdefault(source.table, set(GATHERED)).update(source.columns, source.where)
            table = tables[source.table]
            picked = [table[name].isin(values) for name, values in source.where.items()]
            rows[source.table] |= np.logical_and.reduce(picked) if picked else True
        cut = {
            name: tables[name].loc[rows[name], [c for c in tables[name] if c in own]]
            for name, own in columns.items()
        }
        again = judged(cut, [claim], absent=set(tables) - set(cut))
        found = truth[truth["id"] == claim.name].reset_index(drop=True)
        of_paper = ["p_holm", "p"] if again["p"].isna().all() else ["p_holm"]
        pd.testing.assert_frame_equal(again.drop(columns=of_paper), found.drop(columns=of_paper))
        named |= set(columns)
    assert named == set(tables)  # no claim needs a file that others do not name


@given(
    value=st.floats(-10, 10),
    below=st.floats(0, 5),
    above=st.floats(0, 5),
    n=st.integers(0, 10),
    p=st.none() | st.floats(0, 1),
    side=st.sampled_from("<>"),
)
def test_a_verdict_takes_the_whole_interval_and_enough_units(value, below, above, n, p, side):
    estimate = Estimate(value, value - below, value + above, n, "seeds", p)
    verdict = Criterion(side, 0.0, 5).verdict(estimate)
    mirrored = Estimate(-value, -value - above, -value + below, n, "seeds", p)
    assert Criterion("<" if side == ">" else ">", 0.0, 5).verdict(mirrored) == verdict
    may_decide = n >= 5 and (p is None or p <= 0.05)
    as_claimed, other = (estimate.low > 0, estimate.high < 0)[:: 1 if side == ">" else -1]
    assert (verdict == Verdict.SUPPORTED) == (may_decide and as_claimed)
    assert (verdict == Verdict.NOT_SUPPORTED) == (may_decide and other)


@pytest.mark.parametrize(
    ("low", "high", "n", "p", "verdict"),
    [
        (-0.09, 0.006, 6, 0.09, EXCLUDED),
        (-0.09, 0.029, 5, 1.0, EXCLUDED),
        (-0.09, -0.01, 6, 0.06, EXCLUDED),  # could be one group
        (0.001, 0.02, 6, 0.06, EXCLUDED),
        (0.001, 0.02, 6, 0.03, SUPPORTED),  # a lead, though it does not matter
        (-0.09, -0.01, 6, 0.03, NOT_SUPPORTED),
        (-0.09, 0.031, 6, 0.09, UNDECIDED),
        (0.01, 0.031, 6, 0.06, UNDECIDED),
        (-0.09, 0.006, 4, 0.13, UNDECIDED),  # too few
        (-np.inf, np.inf, 5, 1.0, UNDECIDED),
        (np.nan, np.nan, 0, None, NOT_MEASURABLE),
    ],
)
def test_a_lead_that_matters_is_excluded_by_an_interval_below_it(low, high, n, p, verdict):
    estimate = Estimate((low + high) / 2 if np.isfinite(low) else low, low, high, n, "folds", p)
    mirrored = Estimate(-estimate.value, -high, -low, n, "folds", p)
    assert Criterion(">", 0.0, 5, matters=0.03).verdict(estimate) == verdict
    assert Criterion("<", 0.0, 5, matters=-0.03).verdict(mirrored) == verdict
    without = Criterion(">", 0.0, 5).verdict(estimate)
    assert without == (UNDECIDED if verdict == EXCLUDED else verdict)


@pytest.mark.parametrize(
    ("fixed", "verdict"),
    [(None, EXCLUDED), (WEIGHED, EXCLUDED), (WEIGHED - timedelta(days=1), UNDECIDED)],
)
def test_studies_begun_before_a_difference_was_named_exclude_none(fixed, verdict):
    """QIF's accuracies are LIF's of another search."""
    tables = results()
    speakers = tables["speakers"].sort_values(["neuron", "search", "speaker"])
    level = 0.8 + 0.01 * speakers["search"].where(speakers["lif"], 4 - speakers["search"])
    tables["speakers"] = speakers.assign(accuracy=level)
    found = judged(tables, named(GAIN), fixed=fixed).set_index("case")
    assert found.loc["qif: every speaker alike", "verdict"] == verdict
    assert found.loc["qif: all voices", "verdict"] == SUPPORTED
