"""Verdicts on results with known truth, on corrupted ones, and on incomplete ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.claims.claim import Claim
from study.claims.estimates import Criterion, Estimate, Verdict
from study.claims.judge import CLAIMS, COLUMNS, judge
from study.claims.qif_paper import QIF_CLAIMS, UNITS
from study.claims.results import ClaimError, Tables
from study.claims.sg_ntk_paper import SG_NTK_CLAIMS
from study.config.landscape import JUDGED
from study.landscape.constants import CAUSES, STATES

SUPPORTED, NOT_SUPPORTED, UNDECIDED, NOT_MEASURABLE = map(str, Verdict)
N_SEARCHES, SEEDS_EACH = 5, 2
AS_THEY_ARE = {"lif": "lif", "qif": "qif"}
OTHER = {"lif": "qif", "qif": "lif"}

WORLDS = ("claimed", "opposite", "vague", "empty")
"""A world as the abstract has it; one with LIF's and QIF's networks exchanged; one in which half of
the searches found each; and one in which there is nothing to see."""


def networks(neurons: dict[str, str], world: str):
    """(neuron, search, seed, like) of every training run; ``like`` names whose nature it has."""
    for neuron, search, k in product(neurons, range(N_SEARCHES), range(SEEDS_EACH)):
        like = neurons[neuron]
        if world == "opposite" or (world == "vague" and search % 2):
            like = OTHER[like]
        yield neuron, search, SEEDS_EACH * search + k, like


def training_tables(seed: int, neurons: dict[str, str], world: str) -> dict[str, pd.DataFrame]:
    """QIF is better and never diverges, half of LIF's runs do, and its neurons fall silent."""
    draw = np.random.default_rng(seed)
    runs, silence, budget, stability, speakers, held_out = [], [], [], [], [], []
    for neuron, search, run, like in networks(neurons, world):
        key = {"neuron": neuron, "seed": run}
        lif = like == "lif"
        accuracy = (0.7 if lif else 0.9) + 0.01 * draw.normal()
        runs.append(
            {
                **key,
                "search": search,
                "outcome": "overflow" if lif and run % SEEDS_EACH else "finished",
                "accuracy": accuracy,
                "accuracy_unseen_speakers": accuracy - 0.1,
            }
        )
        # Of 10 neurons 9 never spikes; of LIF's, 0 to 2 fall silent, of which 0 wakes up, and 1
        # has a gradient still.
        fell = {0, 1, 2} if lif and world != "empty" else set()
        for unit in range(10):
            silent = unit in fell or unit == 9
            silence.append(
                {
                    **key,
                    "unit": unit,
                    "ever_spiked": unit != 9,
                    "silent": silent,
                    "woke": unit == 0 and silent,
                    "has_gradient": unit == 1 or not silent,
                }
            )
        if run % SEEDS_EACH == 0:
            one = {"neuron": neuron, "search": search}
            speakers += [{**one, "speaker": k, "accuracy": accuracy} for k in range(3)]
            for k, to in enumerate(("0-1", "2-3", "6-7", "8-9", "10-11")):
                turned = 1.6 - accuracy if world == "vague" and k % 2 else accuracy
                held_out.append({**one, "to": to, "accuracy_unseen_speakers": turned - 0.01 * k})
            stability.append({**one, "trials": 4, "diverged": 2 if lif else 0})
            budget += [
                {**one, "k": k, "expected_best": (0.6 if lif else 0.8) + 0.01 * k} for k in (1, 4)
            ]
    trials = [
        {"neuron": n, "search": s, "number": k}
        for n, s, k in product(neurons, range(N_SEARCHES), range(4))
    ]
    return {
        "runs": pd.DataFrame(runs),
        "silence": pd.DataFrame(silence),
        "trials": pd.DataFrame(trials),
        "budget": pd.DataFrame(budget),
        "stability": pd.DataFrame(stability),
        "speakers": pd.DataFrame(speakers),
        "held_out": pd.DataFrame(held_out),
    }


def landscape_tables(seed: int, neurons: dict[str, str], world: str) -> dict[str, pd.DataFrame]:
    """Landscapes as the paper has them."""
    draw = np.random.default_rng(seed)
    tables: dict[str, list[dict]] = {
        name: []
        for name in (
            "census", "changes", "line_minima", "plane_minima", "profiles", "profile_minima",
            "steps", "updates",
        )
    }  # fmt: skip
    something = world != "empty"
    for neuron, _, run, like in networks(neurons, world):
        lif = like == "lif"
        one = {"neuron": neuron, "seed": run}
        for state in STATES:
            key = {**one, "state": state}
            noise = 1 + 0.01 * draw.normal(size=8)
            tables["census"].append(
                {
                    **key,
                    "breaks": 3 if lif and something else 0,
                    "certified_swaps": 100 if something else 0,
                    "largest_jump": 0.3 * noise[0] if lif and something else 0.0,
                    "largest_certified_jump": 0.0,
                    "breaking_share": (0.1 if lif else 0.0) if something else np.nan,
                    "breaking_share_of_inhibitory": (0.4 if lif else 0.0) if something else np.nan,
                }
            )
            for depth, direction in product((0.003, *JUDGED), ("filter0", "difference")):
                minima = (5 if lif else 1) * something
                tables["line_minima"].append(
                    {**key, "direction": direction, "depth": depth, "minima": minima,
                     "length": 0.5 * noise[1], "settled": True}
                )  # fmt: skip
                tables["plane_minima"].append(
                    {**key, "direction": direction, "direction2": "filter1", "depth": depth,
                     "minima": minima, "area": 0.8 * noise[2]}
                )  # fmt: skip
                found, left = (10, 1) if lif else (2, 2)
                tables["profile_minima"].append(
                    {**key, "direction": direction, "sample": 0, "depth": depth,
                     "minima": found * something, "minima_without_jumps": left * something}
                )  # fmt: skip
            heights = dict.fromkeys((f"jump_{cause.replace(' ', '_')}" for cause in CAUSES), 0.0)
            if something:
                swaps, grazing = (0.3, 0.1) if lif else (1e-11, 1e-10)
                heights |= {"jump_input_swap": swaps * noise[3], "jump_grazing": grazing}
            tables["profiles"].append(
                {
                    **key,
                    "direction": "filter0",
                    "sample": 0,
                    "variation": 1.0 * something,
                    "n_jumps": 2 * something,
                    **heights,
                }
            )
            for k in range(20 if something else 0):
                swap = k % 4 > 0 if lif else k % 4 == 0
                tables["changes"].append(
                    {
                        **key,
                        "search": "breaks",
                        "breaks": True,
                        "cause": "input swap" if swap else "grazing",
                        # the first is too small to count
                        "loss_jump": 1e-12 if k == 0 else (-1) ** k * draw.uniform(0.01, 0.1),
                        "appeared": 2 if lif and k >= 4 else int(k == 8),
                        "vanished": 0,
                        "moved": 1,
                        "aside_later": 30 if lif else 2,
                    }
                )
            if something:
                harmless = {"search": "swaps", "breaks": False, "cause": "spike swap"}
                harmless |= dict.fromkeys(("loss_jump", "appeared", "vanished", "moved"), 0)
                tables["changes"].append({**key, **harmless, "aside_later": 5})
        for batch, epoch in product(("own", "fixed"), (0, 3)):
            wild = np.nan if not something else 1.0
            tables["steps"].append(
                {
                    **one,
                    "batch": batch,
                    "epoch": epoch,
                    "predicted": -0.1 * something,
                    "error": (0.08 if lif else 0.02) * wild,
                    "cosine": (0.3 if lif else 0.9) * wild,
                    "cosine_clipped": (0.4 if lif else 0.8) * wild,
                    "norm_variation": (0.5 if lif else 0.1) * wild,
                }
            )
        breaks = (30.0 if lif else 0.01) if something else np.nan
        tables["updates"].append({**one, "breaks_per_update": breaks})
    columns = [
        "neuron", "seed", "state", "search", "breaks", "cause", "loss_jump", "appeared",
        "vanished", "moved", "aside_later",
    ]  # fmt: skip
    return {
        name: pd.DataFrame(rows, columns=columns if name == "changes" else None)
        for name, rows in tables.items()
    }


def kernel_tables() -> dict[str, pd.DataFrame]:
    """A diverging and a converging diagonal, powers of the width, networks near the SG-NTK."""
    slopes = [10.0, 100.0, 1000.0, np.inf]
    diagonals = [
        {"surrogate": "true_derivative", "depth": d, "slope": m, "kernel": m ** (d - 1)}
        for d in (2, 3)
        for m in slopes
    ]
    diagonals += [
        {"surrogate": "identity", "depth": 2, "slope": m, "kernel": 2 - 1 / m} for m in slopes
    ]
    powers = {"squared_error": -1.0, "drift": -0.5}
    exponents = [
        {
            "quantity": quantity, "slope": slope, "step": step, "n_networks": 10,
            "exponent": power, "low": power - 0.1, "high": power + 0.1,
        }
        for quantity, power in powers.items()
        for slope in (2.0, 5.0)
        for step in (0, 100)
    ]  # fmt: skip
    growth = [
        {"width": w, "n_networks": 10, "theory": 2, "exponent": p, "low": p - 0.1, "high": p + 0.1}
        for w, p in ((10, 0.2), (100, 1.9))
    ]
    spreads = [
        {
            "width": width, "step": step, "points": points, "n_networks": 50,
            "std": s * 0.5, "low": s * 0.499, "high": s * 0.501, "std_predicted": 0.5,
        }
        for width in (10, 100)
        for step in (30, 90)
        for points in ("train", "test")
        for s in [np.hypot(1, 0.1) if (width, step) == (100, 90) else 9.0]
    ]  # fmt: skip
    trends = [
        {
            "quantity": quantity, "n_networks": 50, "widths": 3,
            "exponent": power, "low": power - 0.05, "high": power + 0.05,
        }
        for quantity, power in
        (("distance", -0.5), ("spread, train", -0.4), ("spread, test", -0.25))
    ]  # fmt: skip
    far = {"SG-NTK": 0.02, "two-sided": 0.2, "NNGP": 0.3, "transposed": 0.15, "symmetrised": 0.1}
    distances = [
        {
            "width": width, "step": step, "at": at, "kernel": kernel, "n_networks": 50,
            # narrow, early and converged networks must not be mistaken for the ones to judge
            "excess": e if at == "same time" and (width, step) == (100, 90) else 5.0,
            "excess_low": e - 0.01 if at == "same time" and (width, step) == (100, 90) else 5.0,
            "excess_high": e + 0.01 if at == "same time" and (width, step) == (100, 90) else 5.0,
            "advantage": e**2 - 0.02**2 if (width, step) == (100, 90) else -1.0,
            "advantage_se": 0.001,
        }
        for width in (10, 100)
        for step in (30, 90)
        for at in ("same time", "convergence")
        for kernel, e in far.items()
    ]  # fmt: skip
    off_circle = pd.DataFrame(distances)
    return {
        "diagonals": pd.DataFrame(diagonals),
        "growth": pd.DataFrame(growth),
        "exponents": pd.DataFrame(exponents),
        "distances": off_circle[off_circle["kernel"].isin(["SG-NTK", "two-sided", "NNGP"])],
        "off_circle": off_circle,
        "spreads": pd.DataFrame(spreads),
        "trends": pd.DataFrame(trends),
        "problem": pd.DataFrame({"target": [1.0, -1.0, 1.0, -1.0]}),
    }


def results(
    seed: int = 0, neurons: dict[str, str] = AS_THEY_ARE, world: str = "claimed"
) -> dict[str, pd.DataFrame]:
    """All tables of a study in such a ``world``."""
    return {
        **training_tables(seed, neurons, world),
        **landscape_tables(seed, neurons, world),
        **kernel_tables(),
    }


Written = Callable[[dict[str, pd.DataFrame]], dict[str, list[str]]]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes tables to files, in the folder of an experiment, and names these."""

    def write(tables: dict[str, pd.DataFrame]) -> dict[str, list[str]]:
        files = {}
        for name, table in tables.items():
            path = tmp_path / "one_hidden" / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            table.to_parquet(path)
            files[name] = [str(path)]
        return files

    return write


def judged(files: dict[str, list[str]], claims: Sequence[Claim] = CLAIMS) -> pd.DataFrame:
    table = judge(Tables(files), "toy", seed=0, claims=claims)
    assert list(table.columns) == list(COLUMNS)
    assert set(table["id"]) == {claim.name for claim in claims}  # none vanishes
    return table


def verdicts(files: dict[str, list[str]], claims: Sequence[Claim] = CLAIMS) -> dict[str, str]:
    """The verdict on each claim; that of a claim with several cases must be the same in all."""
    grouped = judged(files, claims).groupby("id")["verdict"].unique()
    assert (grouped.map(len) == 1).all(), grouped[grouped.map(len) > 1].to_dict()
    return grouped.map(lambda values: values[0]).to_dict()


def test_every_claim_is_supported_where_it_is_true(written):
    assert verdicts(written(results())) == {claim.name: SUPPORTED for claim in CLAIMS}


@pytest.mark.parametrize(
    ("neurons", "world"), [(OTHER, "claimed"), (AS_THEY_ARE, "opposite")], ids=["swapped", "world"]
)
def test_swapping_lif_and_qif_turns_every_verdict(written, neurons, world):
    table = judged(written(results(neurons=neurons, world=world)))
    table = table[table["paper"].str.endswith("2606.03935")]
    refuted = table.groupby("id")["verdict"].unique().map(list).to_dict()
    # without runs that diverge, leaving them out or not makes no difference, nor does the sign
    assert refuted == {claim.name: [NOT_SUPPORTED] for claim in QIF_CLAIMS}


def test_searches_that_contradict_each_other_decide_nothing(written):
    found = verdicts(written(results(world="vague")))
    # one jump proves a discontinuity, and one refutes continuity
    exact = {"lif-discontinuous": SUPPORTED, "qif-continuous": NOT_SUPPORTED}
    assert {claim.name: found[claim.name] for claim in QIF_CLAIMS} == {
        claim.name: exact.get(claim.name, UNDECIDED) for claim in QIF_CLAIMS
    }


def test_where_nothing_is_seen_nothing_is_judged(written):
    """Without any jump, change of order, minimum or step; training went as claimed."""
    found = verdicts(written(results(world="empty")))
    training = {
        "qif-outperforms-lif": SUPPORTED,
        "qif-outperforms-lif-at-each-budget": SUPPORTED,
        "lif-diverges-more": SUPPORTED,
        "lif-fall-silent": NOT_SUPPORTED,
        "qif-stay-active": SUPPORTED,
        "lif-fall-silent-more": UNDECIDED,
    }
    assert {claim.name: found[claim.name] for claim in QIF_CLAIMS} == {
        claim.name: training.get(claim.name, NOT_MEASURABLE) for claim in QIF_CLAIMS
    }


def test_every_number_is_the_one_that_was_put_in(written):
    table = judged(written(results())).set_index(["id", "case"])
    estimate = table["estimate"]
    about = {"abs": 0.02}
    gain = "qif-outperforms-lif"
    assert estimate[gain, "qif: all voices"] == pytest.approx(0.2, **about)
    assert estimate[gain, "qif: unseen voices"] == pytest.approx(0.2, **about)
    zero = estimate[gain, "qif: all voices, failed runs count as 0"]
    assert zero == pytest.approx(0.9 - 0.35, **about)
    left_out = estimate[gain, "qif: all voices, failed runs left out"]
    assert left_out == pytest.approx(0.2, **about)
    groups = "qif: speakers held out in turn, over groups of speakers"
    searches = groups.replace("groups of speakers", "searches")
    for case in ("qif: every speaker alike", groups, searches):
        assert estimate[gain, case] == pytest.approx(0.2, **about)
    assert table.loc[(gain, groups), "n"] == 6  # five, and the study's own
    assert (table.loc[gain, "n"].drop(groups) == N_SEARCHES).all()
    budget = estimate["qif-outperforms-lif-at-each-budget"]
    assert set(budget.index) == {"qif: best of 1", "qif: best of 4"}
    assert estimate["lif-diverges-more", "qif: final runs"] == pytest.approx(0.5)
    assert estimate["lif-diverges-more", "qif: trials of the searches"] == pytest.approx(0.5)
    lines = estimate["lif-fragmented-lines", "qif: trained, deeper than 0.01 nats"]
    assert lines == pytest.approx(4 / 0.5, rel=0.02)
    planes = estimate["lif-fragmented-planes", "qif: trained, deeper than 0.1 nats"]
    assert planes == pytest.approx(4 / 0.8, rel=0.02)
    misled = estimate["lif-gradients-mislead", "qif: on a fixed batch"]
    assert misled == pytest.approx(0.8 - 0.2)
    turned = estimate["lif-gradients-turn", "qif: on the step's own batch"]
    assert turned == pytest.approx(0.6)
    assert estimate["lif-gradients-vary", "qif: on a fixed batch"] == pytest.approx(0.4)
    jumps = estimate["lif-varies-by-jumps", "qif: trained"]
    assert jumps == pytest.approx(0.4, abs=0.01)
    minima = estimate["minima-arise-from-order", "trained, deeper than 0.1 nats"]
    assert minima == pytest.approx(0.9)
    assert estimate["jumps-are-order-changes", "trained, by height"] == pytest.approx(
        0.75, rel=0.02
    )
    assert estimate["jumps-are-order-changes", "trained, by number"] == pytest.approx(15 / 19)
    assert estimate["order-changes-often-break", "trained, all that can interact"] == pytest.approx(
        0.1
    )
    assert estimate["updates-meet-breaks", "trained"] == 30
    assert estimate["jumps-by-disappearance", "trained"] == pytest.approx(12 / 15)
    assert estimate["disappearances-disrupt", "beside harmless changes"] == 25
    silent = estimate["lif-fall-silent"]
    assert silent["to the end"] == pytest.approx(0.3)
    assert silent["when training goes on"] == pytest.approx(0.2)
    assert silent["when training goes on, without gradient"] == pytest.approx(0.1)
    assert estimate["lif-fall-silent-more", "qif: to the end"] == pytest.approx(0.3)
    continuous = table.loc[("qif-continuous", "qif: all states")]
    assert continuous["n"] == 100 * N_SEARCHES * SEEDS_EACH * len(STATES)
    kernels = judged(written(results())).set_index(["id", "case"])["estimate"]
    assert kernels["naive-ntk-diverges", "closed form, all depths"] == pytest.approx(0.0)
    growth = kernels["naive-ntk-diverges", "gradients of one_hidden, width 100"]
    assert growth == pytest.approx(-0.1)
    spread = kernels["sg-ntk-describes-spread", "one_hidden, width 100, train points"]
    assert spread == pytest.approx(0.05)  # 0.5 (1.01 - 1)^(1/2)
    assert kernels["sg-ntk-distance-falls", "one_hidden, 3 widths, distance"] == -0.5
    off_circle = kernels["sg-ntk-is-not-symmetric", "one_hidden, beside symmetrised"]
    assert off_circle == pytest.approx(0.1**2 - 0.02**2)
    assert kernels["sg-ntk-converges", "all depths and surrogates"] == pytest.approx(-1.0)
    assert kernels["sg-ntk-describes-sign-networks", "one_hidden, width 100, above 0"] == 0.02
    best = table.loc[("sg-ntk-describes-best", "one_hidden, beside two-sided")]
    assert best["estimate"] == pytest.approx(0.2**2 - 0.02**2)
    assert best["low"] == pytest.approx(best["estimate"] - 1.96 * 0.001)
    assert table.loc["sg-ntk-converges", "files"].item().endswith("one_hidden/diagonals.parquet")


def test_seeds_of_one_search_are_not_taken_for_independent(written):
    """Many seeds of few winners: their accuracies agree to the digit, and decide nothing."""
    tables = results()
    runs = tables["runs"]
    runs["search"] //= 3  # two searches with six seeds each
    table = judged(written(tables), [QIF_CLAIMS[0]]).set_index("case")
    row = table.loc["qif: all voices"]
    assert row["n"] == 2
    assert row["verdict"] == UNDECIDED


def test_without_a_search_seeds_are_the_unit_and_performance_is_not_compared(written):
    files = {**written(results()), "trials": [], "budget": [], "stability": []}
    table = judged(files).set_index("id")
    assert table.loc["qif-outperforms-lif", "verdict"] == NOT_MEASURABLE
    turned = table.loc["lif-gradients-turn"]
    assert (turned["n"] == N_SEARCHES * SEEDS_EACH).all()
    assert (turned["unit"] == "seeds").all()


def test_failed_runs_can_turn_the_verdict(written):
    tables = results()
    runs = tables["runs"]
    runs.loc[(runs["neuron"] == "qif") & (runs["search"] < 3), "outcome"] = "overflow"
    table = judged(written(tables)).set_index(["id", "case"])["verdict"]
    gain = table["qif-outperforms-lif"]
    assert gain["qif: all voices"] == SUPPORTED
    assert gain["qif: all voices, failed runs count as 0"] == UNDECIDED
    assert table["lif-diverges-more", "qif: final runs"] == UNDECIDED


def test_few_searches_decide_nothing(written):
    few = {
        name: table[table["seed"] < SEEDS_EACH * (UNITS - 1)] if "seed" in table else table
        for name, table in results().items()
    }
    for name in ("trials", "budget", "stability", "speakers", "held_out"):
        few[name] = few[name][few[name]["search"] < UNITS - 1]
    few["held_out"] = few["held_out"][few["held_out"]["to"] < "2"]  # two groups, and the own
    found = verdicts(written(few))
    assert {claim.name for claim in CLAIMS if claim.criterion.least == UNITS} == {
        name for name, verdict in found.items() if verdict == UNDECIDED
    }


def test_a_qif_jump_or_a_small_census_takes_continuity_back(written):
    tables = results()
    census = tables["census"]
    one = census.copy()
    one.loc[one[one["neuron"] == "qif"].index[5], "largest_jump"] = 1e-8
    assert verdicts(written({**tables, "census": one}))["qif-continuous"] == NOT_SUPPORTED
    small = census.assign(certified_swaps=np.where(census["neuron"] == "qif", 4, 100))
    assert verdicts(written({**tables, "census": small}))["qif-continuous"] == UNDECIDED


def test_lines_that_have_not_settled_are_not_judged(written):
    tables = results()
    lines = tables["line_minima"]
    lines["settled"] = ~((lines["state"] == "trained") & (lines["neuron"] == "qif"))
    table = judged(written(tables)).set_index(["id", "case"])["verdict"]["lif-fragmented-lines"]
    assert table["qif: trained, deeper than 0.1 nats"] == NOT_MEASURABLE
    assert table["qif: untrained, deeper than 0.1 nats"] == SUPPORTED


def test_many_comparisons_are_adjusted_for(written):
    table = judged(written(results()))
    compared = table.dropna(subset="p")
    assert (compared["p_holm"] >= compared["p"]).all()
    least = compared["p"].min()
    assert compared.loc[compared["p"].idxmin(), "p_holm"] == pytest.approx(
        min(1.0, least * len(compared))
    )


def test_a_converging_ntk_and_a_diverging_sg_ntk_are_noticed(written):
    tables = results()
    naive = tables["diagonals"]["surrogate"] == "true_derivative"
    finite = tables["diagonals"].copy()
    finite.loc[naive, "kernel"] = 2 - 1 / finite["slope"]
    still = tables["growth"].assign(exponent=0.0, low=-0.1, high=0.1)
    found = verdicts(written({**tables, "diagonals": finite, "growth": still}), SG_NTK_CLAIMS)
    assert found["naive-ntk-diverges"] == NOT_SUPPORTED
    diverging = tables["diagonals"].copy()
    diverging.loc[~naive, "kernel"] = diverging["slope"]
    found = verdicts(written({**tables, "diagonals": diverging}), SG_NTK_CLAIMS)
    assert found["sg-ntk-converges"] == NOT_SUPPORTED


def test_networks_that_follow_another_kernel_are_noticed(written):
    tables = results()
    other = tables["distances"].copy()
    names = {"SG-NTK": "NNGP", "NNGP": "SG-NTK"}
    other["kernel"] = other["kernel"].replace(names)
    other["advantage"] = -other["advantage"]
    found = verdicts(written({**tables, "distances": other}), SG_NTK_CLAIMS)
    assert found["sg-ntk-describes-sign-networks"] == NOT_SUPPORTED
    assert found["sg-ntk-describes-best"] == NOT_SUPPORTED
    apart = tables["off_circle"].copy()
    apart["advantage"] = -apart["advantage"]
    found = verdicts(written({**tables, "off_circle": apart}), SG_NTK_CLAIMS)
    assert found["sg-ntk-is-not-symmetric"] == NOT_SUPPORTED
    wide = tables["spreads"].assign(std=2.0, low=1.9, high=2.1)
    flat = tables["trends"].assign(exponent=0.0, low=-0.05, high=0.05)
    found = verdicts(written({**tables, "spreads": wide, "trends": flat}), SG_NTK_CLAIMS)
    assert found["sg-ntk-describes-spread"] == NOT_SUPPORTED
    assert found["sg-ntk-distance-falls"] == NOT_SUPPORTED
    assert found["sg-ntk-spread-falls"] == NOT_SUPPORTED
    narrow = tables["spreads"].assign(
        std=0.3, low=0.29, high=0.31
    )  # less than predicted is wrong, too
    found = verdicts(written({**tables, "spreads": narrow}), SG_NTK_CLAIMS)
    assert found["sg-ntk-describes-spread"] == NOT_SUPPORTED
    nothing = tables["trends"].assign(exponent=-np.inf, low=-np.inf, high=-np.inf)
    found = verdicts(written({**tables, "trends": nothing}), SG_NTK_CLAIMS)
    assert found["sg-ntk-spread-falls"] == NOT_MEASURABLE
    vague = tables["trends"].assign(low=-np.inf, high=0.0)
    found = verdicts(written({**tables, "trends": vague}), SG_NTK_CLAIMS)
    assert found["sg-ntk-distance-falls"] == found["sg-ntk-spread-falls"] == UNDECIDED
    constant = tables["exponents"].assign(exponent=0.0, low=-0.1, high=0.1)
    found = verdicts(written({**tables, "exponents": constant}), SG_NTK_CLAIMS)
    assert found["sg-ntk-stays-constant"] == NOT_SUPPORTED
    assert found["sg-ntk-is-the-limit-of-width"] == NOT_SUPPORTED


@pytest.mark.parametrize("name", [*results()])
def test_a_missing_file_is_an_error(written, name):
    files = written(results())
    Path(files[name][0]).unlink()
    with pytest.raises(ClaimError, match=rf"{name}.parquet does not exist"):
        judged(files)


def test_a_table_that_lacks_a_model_or_a_column_is_an_error(written):
    tables = results()
    lines = tables["line_minima"][tables["line_minima"]["neuron"] == "lif"]
    with pytest.raises(ClaimError, match=r"line_minima.parquet: no row of neuron qif"):
        verdicts(written({**tables, "line_minima": lines}))
    with pytest.raises(ClaimError, match=r"steps.parquet: no column cosine"):
        verdicts(written({**tables, "steps": tables["steps"].drop(columns="cosine")}))
    with pytest.raises(ClaimError, match="unequal"):
        verdicts(written({**tables, "trials": tables["trials"][1:]}))


@pytest.mark.parametrize(("absent", "named"), [("lif", "LIF"), ("qif", "QIF")])
def test_a_comparison_that_the_study_does_not_make_is_named(written, absent, named):
    tables = {
        name: table[table["neuron"] != absent] if "neuron" in table else table
        for name, table in results().items()
    }
    table = judged(written(tables)).set_index("id")
    compared = [claim.name for claim in QIF_CLAIMS if " minus " in claim.measure]
    compared.remove("disappearances-disrupt")  # beside harmless changes of its own, too
    for name in [*compared, f"{absent}-{'dis' * (absent == 'lif')}continuous"]:
        assert table.loc[name, "case"] == f"no {named} networks in this study"
        assert table.loc[name, "verdict"] == NOT_MEASURABLE
    assert table.loc["sg-ntk-converges", "verdict"] == SUPPORTED


def test_an_experiment_that_the_study_does_not_make_is_named(written):
    files = {**written(results()), "off_circle": [], "distances": []}
    table = judged(files).set_index("id")
    for name in ("sg-ntk-is-not-symmetric", "sg-ntk-describes-sign-networks"):
        assert table.loc[name, "case"] == "nothing in this study"
        assert table.loc[name, "verdict"] == NOT_MEASURABLE


def test_lif_is_compared_with_each_qif_model(written):
    tables = {
        name: pd.concat([table, table[table["neuron"] == "qif"].assign(neuron="qif_delta")])
        if "neuron" in table
        else table
        for name, table in results().items()
    }
    files = written(tables)
    assert verdicts(files) == {claim.name: SUPPORTED for claim in CLAIMS}
    table = judged(files)
    cases = set(table[table["id"] == "lif-gradients-turn"]["case"])
    batches, how = ("on the step's own batch", "on a fixed batch"), ("", ", samples clipped")
    assert cases == {f"{n}: {b}{h}" for n in ("qif", "qif_delta") for b in batches for h in how}


def test_claims_have_names_of_their_own():
    names = [claim.name for claim in CLAIMS]
    assert len(set(names)) == len(names)


GATHERED = {"neuron", "seed", "search"}  # by which networks are gathered


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_the_columns_and_rows_that_a_claim_names_are_all_that_it_needs(written, claim):
    """Whoever follows the sources finds the same numbers, whatever else the files hold."""
    tables = results()
    whole = Tables(written(tables))
    found = judge(whole, "toy", 0, [claim])
    claim.estimate(whole, 0)
    columns = {"runs": set(GATHERED), "trials": set(GATHERED)}  # these tell what a unit is
    rows = {name: pd.Series(name in columns, table.index) for name, table in tables.items()}
    for source in whole.take_sources():
        own = columns.setdefault(source.table, set(GATHERED))
        own |= {*source.columns, *source.where}
        picked = [tables[source.table][name].isin(values) for name, values in source.where.items()]
        rows[source.table] |= np.logical_and.reduce(picked) if picked else True
    cut = {
        n: tables[n].loc[rows[n], [c for c in tables[n] if c in own]] for n, own in columns.items()
    }
    absent = {name: [] for name in tables}
    again = judge(Tables({**absent, **written(cut)}), "toy", 0, [claim])
    pd.testing.assert_frame_equal(again.drop(columns="files"), found.drop(columns="files"))


def test_docs_list_every_claim_with_its_criterion():
    text = (Path(__file__).parents[1] / "docs" / "claims.md").read_text()
    for claim in (*QIF_CLAIMS, *SG_NTK_CLAIMS):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{claim.name}` |")]
        criterion = row.rsplit("|", 2)[1].split("(")[0].replace("−", "-").split()
        assert criterion[0] == claim.criterion.side
        assert float(Fraction(criterion[1])) == claim.criterion.threshold


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
    if verdict == Verdict.UNDECIDED:
        straddles = estimate.low <= 0 <= estimate.high
        assert straddles or n < 5 or (p is not None and p > 0.05)
    else:
        assert n >= 5
        assert (verdict == Verdict.SUPPORTED) == ((value > 0) == (side == ">"))
