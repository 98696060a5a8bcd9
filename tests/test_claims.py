"""Verdicts on results with known truth, on corrupted ones, and on incomplete ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikegrad.claims.estimates import Criterion, Estimate, Verdict, difference, mean, ratio
from spikegrad.claims.judge import COLUMNS, judge
from spikegrad.claims.registry import CLAIMS, SEEDS
from spikegrad.claims.tables import ClaimError, Tables

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"
N_SEEDS, N_SAMPLES, N_CLASSES = 6, 200, 10
STATES = ("untrained", "trained", "matched")
OTHER = {"lif": "qif", "qif": "lif"}


def samples(seed: int) -> pd.DataFrame:
    """What networks say to test samples: QIF is right in 90 %, LIF in 75 % of the cases."""
    draw = np.random.default_rng(seed)
    tables = []
    for neuron, right in (("lif", 0.75), ("qif", 0.9)):
        for run in range(N_SEEDS):
            label = draw.integers(N_CLASSES, size=N_SAMPLES)
            wrong = (label + draw.integers(1, N_CLASSES, N_SAMPLES)) % N_CLASSES
            said = np.where(draw.random(N_SAMPLES) < right, label, wrong)
            tables.append(
                pd.DataFrame({"neuron": neuron, "seed": run, "label": label, "prediction": said})
            )
    return pd.concat(tables, ignore_index=True)


def runs_of(samples: pd.DataFrame) -> pd.DataFrame:
    right = samples.assign(accuracy=samples["label"] == samples["prediction"])
    return right.groupby(["neuron", "seed"], as_index=False)["accuracy"].mean()


def landscape_tables(seed: int, neurons: dict[str, str]) -> dict[str, pd.DataFrame]:
    """Landscapes as the paper has them; ``neurons`` says whose landscape a model is given."""
    draw = np.random.default_rng(seed)
    census, lines, planes, nearby, changes = [], [], [], [], []
    for neuron, like in neurons.items():
        jumps = like == "lif"
        for run in range(N_SEEDS):
            for state in STATES:
                key = {"neuron": neuron, "seed": run, "state": state}
                noise = draw.normal(size=6)
                census.append(
                    {
                        **key,
                        "swaps": 100,
                        "largest_jump": 0.3 + 0.01 * noise[0] if jumps else 0.0,
                        "largest_certified_jump": 0.0,
                        "breaking_swaps": 0.1 + 0.01 * noise[1] if jumps else 0.0,
                    }
                )
                for stride, points in ((2, 9), (1, 17)):
                    line = {**key, "direction": "filter0", "stride": stride, "points": points}
                    rough = points / 3 if jumps else 1.2
                    lines.append(
                        {
                            **line,
                            "minima": rough + 0.1 * noise[2],
                            "missed_change": (0.4 if jumps else 0.01) + 0.001 * noise[3],
                        }
                    )
                    plane = {**line, "direction2": "filter1", "level": 0.5}
                    planes.append({**plane, "parts_below": rough + 0.1 * noise[4]})
                for distance in (-0.01, 0.01, 1.0):  # the farthest is beyond what is near
                    near = 0.5 if jumps else 0.9
                    value = near + 0.01 * noise[5] if distance < 1 else OPPOSITE[neuron]
                    nearby.append(
                        {**key, "direction": "filter0", "distance": distance, "cosine": value}
                    )
                for k in range(20 if jumps else 0):
                    changes.append(
                        {
                            **key,
                            "search": "breaks",
                            "cause": "grazing" if k < 5 else "input swap",
                            "loss_jump": 1e-12 if k == 0 else (-1) ** k * draw.uniform(0.01, 0.1),
                            "appeared": 0 if k < 8 else 2,
                            "vanished": 0,
                            "moved": 2 if k < 8 else 1,
                        }
                    )
    columns = ["neuron", "seed", "state", "search", "cause", "loss_jump"]
    return {
        "census": pd.DataFrame(census),
        "lines": pd.DataFrame(lines),
        "planes": pd.DataFrame(planes),
        "nearby": pd.DataFrame(nearby),
        "changes": pd.DataFrame(changes, columns=[*columns, "appeared", "vanished", "moved"]),
    }


OPPOSITE = {"lif": 0.9, "qif": -0.9}
"""Cosines far away, which would turn the verdict if they counted."""


def histories(seed: int, neurons: dict[str, str]) -> pd.DataFrame:
    """Of 10 neurons, 9 never spikes; those of LIF fall silent one by one, and 0 wakes up again."""
    rows = []
    for neuron, like in neurons.items():
        for run in range(N_SEEDS):
            for epoch in range(9):
                silent = {9} | ({1, 2} if like == "lif" and epoch > 3 else set())
                silent |= {0} if epoch == 4 else set()
                row = {"neuron": neuron, "seed": run, "epoch": epoch}
                fraction = len(silent) / 10
                rows.append({**row, "silent_fraction": fraction, "silent_neurons": sorted(silent)})
    return pd.DataFrame(rows)


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


AS_THEY_ARE = {"lif": "lif", "qif": "qif"}


def results(seed: int = 0, neurons: dict[str, str] = AS_THEY_ARE) -> dict[str, pd.DataFrame]:
    """All tables of a study in which every claim holds."""
    runs = runs_of(samples(seed))
    runs["neuron"] = runs["neuron"].map(neurons)
    return {
        "runs": runs,
        "trials": pd.DataFrame({"neuron": ["lif"] * 4 + ["qif"] * 4}),
        "histories": histories(seed, neurons),
        **landscape_tables(seed, neurons),
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


def verdicts(files: dict[str, list[str]]) -> dict[str, str]:
    """The verdict on each claim; that of a claim with several cases must be the same in all."""
    table = judge(Tables(files), "toy", seed=0)
    assert list(table.columns) == list(COLUMNS)
    grouped = table.groupby("id")["verdict"].unique()
    assert (grouped.map(len) == 1).all(), grouped
    return grouped.map(lambda values: values[0]).to_dict()


def test_every_claim_is_supported_where_it_is_true(written):
    found = verdicts(written(results()))
    assert found == {claim.name: SUPPORTED for claim in CLAIMS}


def test_every_number_is_the_one_that_was_put_in(written):
    table = judge(Tables(written(results())), "toy", seed=0).set_index(["id", "case"])
    estimate = table["estimate"]
    assert estimate["qif-outperforms-lif", "qif: 4 trials each"] == pytest.approx(0.15, abs=0.03)
    assert estimate["lif-fragmented-lines", "qif: trained"] == pytest.approx(17 / 3 / 1.2, rel=0.2)
    assert estimate["lif-gradients-turn", "qif: matched"] == pytest.approx(0.4, abs=0.02)
    assert estimate["lif-gradients-mislead", "qif: trained"] == pytest.approx(0.39, abs=0.01)
    assert estimate["jumps-are-order-changes", "trained"] == pytest.approx(15 / 19)
    assert estimate["jumps-by-disappearance", "trained"] == pytest.approx(12 / 15)
    assert estimate["disappearances-disrupt", "trained"] == pytest.approx((7 + 12 * 2) / 19)
    assert estimate["lif-fall-silent", "training"] == pytest.approx(0.2)
    assert estimate["lif-fall-silent-more", "qif: training"] == pytest.approx(0.2)
    assert table.loc[("qif-continuous", "qif: all states"), "n"] == 100 * N_SEEDS * len(STATES)
    assert estimate["naive-ntk-diverges", "closed form, all depths"] == pytest.approx(0.0)
    assert estimate["naive-ntk-diverges", "gradients of one_hidden, width 100"] == pytest.approx(
        -0.1
    )
    spread = table.loc[("sg-ntk-describes-spread", "one_hidden, width 100, train points")]
    assert spread["estimate"] == pytest.approx(0.05)  # 0.5 (1.01 - 1)^(1/2)
    assert estimate["sg-ntk-distance-falls", "one_hidden, 3 widths, distance"] == -0.5
    assert estimate["sg-ntk-is-not-symmetric", "one_hidden, beside symmetrised"] == pytest.approx(
        0.1**2 - 0.02**2
    )
    assert estimate["sg-ntk-converges", "all depths and surrogates"] == pytest.approx(-1.0)
    assert estimate["sg-ntk-describes-sign-networks", "one_hidden, width 100, above 0"] == 0.02
    best = table.loc[("sg-ntk-describes-best", "one_hidden, beside two-sided")]
    assert best["estimate"] == pytest.approx(0.2**2 - 0.02**2)
    assert best["low"] == pytest.approx(best["estimate"] - 1.96 * 0.001)
    assert table.loc["sg-ntk-converges", "files"].item().endswith("one_hidden/diagonals.parquet")
    lif, qif = (
        runs_of(samples(0)).groupby("neuron")["accuracy"].get_group(n).to_numpy() for n in OTHER
    )
    gain = table.loc[("qif-outperforms-lif", "qif: 4 trials each")]
    assert gain["estimate"] == pytest.approx(qif.mean() - lif.mean())
    assert gain["low"] < gain["estimate"] < gain["high"]


def test_swapping_lif_and_qif_turns_the_verdicts(written):
    found = verdicts(written(results(neurons=OTHER)))
    turned = {
        "qif-outperforms-lif", "lif-discontinuous", "qif-continuous", "lif-fragmented-lines",
        "lif-fragmented-planes", "lif-gradients-turn", "lif-gradients-mislead",
        "order-changes-often-break", "lif-fall-silent", "lif-fall-silent-more",
    }  # fmt: skip
    # without any jump of a LIF network there is nothing to say of their causes
    silent = {"jumps-are-order-changes", "jumps-by-disappearance", "disappearances-disrupt"}
    kernels = {claim.name for claim in CLAIMS if claim.paper == "2405.15539"}
    assert {name for name, verdict in found.items() if verdict == NOT_SUPPORTED} == turned
    assert {name for name, verdict in found.items() if verdict == UNDECIDED} == silent
    assert {name for name, verdict in found.items() if verdict == SUPPORTED} == kernels


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shuffled_labels_leave_no_difference_of_accuracies(written, seed):
    tables = results(seed)
    answers = samples(seed)
    answers["label"] = np.random.default_rng(seed).permutation(answers["label"])
    shuffled = {**tables, "runs": runs_of(answers)}
    table = judge(Tables(written(shuffled)), "toy", seed=0).set_index("id")
    gain = table.loc["qif-outperforms-lif"]
    assert gain["verdict"] == UNDECIDED
    assert abs(gain["estimate"]) < 0.03
    assert table.loc["lif-discontinuous", "verdict"] == SUPPORTED


def test_failed_runs_count_as_wrong_answers(written):
    tables = results()
    runs = tables["runs"]
    runs.loc[(runs["neuron"] == "qif") & (runs["seed"] < 5), "accuracy"] = np.nan
    assert verdicts(written(tables))["qif-outperforms-lif"] == NOT_SUPPORTED


def test_few_seeds_decide_nothing(written):
    tables = results()
    few = {
        name: table[table["seed"] < SEEDS - 1] if "seed" in table else table
        for name, table in tables.items()
    }
    found = verdicts(written(few))
    assert {claim.name for claim in CLAIMS if claim.criterion.least == SEEDS} == {
        name for name, verdict in found.items() if verdict == UNDECIDED
    }


def test_a_qif_jump_or_a_small_census_takes_continuity_back(written):
    tables = results()
    census = tables["census"]
    one = census.copy()
    one.loc[one[one["neuron"] == "qif"].index[5], "largest_jump"] = 1e-8
    assert verdicts(written({**tables, "census": one}))["qif-continuous"] == NOT_SUPPORTED
    small = census.assign(swaps=np.where(census["neuron"] == "qif", 4, 100))
    assert verdicts(written({**tables, "census": small}))["qif-continuous"] == UNDECIDED


def test_a_converging_ntk_and_a_diverging_sg_ntk_are_noticed(written):
    tables = results()
    naive = tables["diagonals"]["surrogate"] == "true_derivative"
    finite = tables["diagonals"].copy()
    finite.loc[naive, "kernel"] = 2 - 1 / finite["slope"]
    still = tables["growth"].assign(exponent=0.0, low=-0.1, high=0.1)
    found = verdicts(written({**tables, "diagonals": finite, "growth": still}))
    assert found["naive-ntk-diverges"] == NOT_SUPPORTED
    diverging = tables["diagonals"].copy()
    diverging.loc[~naive, "kernel"] = diverging["slope"]
    found = verdicts(written({**tables, "diagonals": diverging}))
    assert found["sg-ntk-converges"] == NOT_SUPPORTED


def test_networks_that_follow_another_kernel_are_noticed(written):
    tables = results()
    other = tables["distances"].copy()
    names = {"SG-NTK": "NNGP", "NNGP": "SG-NTK"}
    other["kernel"] = other["kernel"].replace(names)
    other["advantage"] = -other["advantage"]
    found = verdicts(written({**tables, "distances": other}))
    assert found["sg-ntk-describes-sign-networks"] == NOT_SUPPORTED
    assert found["sg-ntk-describes-best"] == NOT_SUPPORTED
    apart = tables["off_circle"].copy()
    apart["advantage"] = -apart["advantage"]
    found = verdicts(written({**tables, "off_circle": apart}))
    assert found["sg-ntk-is-not-symmetric"] == NOT_SUPPORTED
    wide = tables["spreads"].assign(std=2.0, low=1.9, high=2.1)
    flat = tables["trends"].assign(exponent=0.0, low=-0.05, high=0.05)
    found = verdicts(written({**tables, "spreads": wide, "trends": flat}))
    assert found["sg-ntk-describes-spread"] == NOT_SUPPORTED
    assert found["sg-ntk-distance-falls"] == NOT_SUPPORTED
    assert found["sg-ntk-spread-falls"] == NOT_SUPPORTED
    narrow = tables["spreads"].assign(
        std=0.3, low=0.29, high=0.31
    )  # less than predicted is wrong, too
    assert (
        verdicts(written({**tables, "spreads": narrow}))["sg-ntk-describes-spread"] == NOT_SUPPORTED
    )
    nothing = tables["trends"].assign(exponent=-np.inf, low=-np.inf, high=-np.inf)
    assert verdicts(written({**tables, "trends": nothing}))["sg-ntk-spread-falls"] == UNDECIDED
    vague = tables["trends"].assign(low=-np.inf, high=0.0)
    found = verdicts(written({**tables, "trends": vague}))
    assert found["sg-ntk-distance-falls"] == found["sg-ntk-spread-falls"] == UNDECIDED
    constant = tables["exponents"].assign(exponent=0.0, low=-0.1, high=0.1)
    found = verdicts(written({**tables, "exponents": constant}))
    assert found["sg-ntk-stays-constant"] == NOT_SUPPORTED
    assert found["sg-ntk-is-the-limit-of-width"] == NOT_SUPPORTED


@pytest.mark.parametrize("name", [*results()])
def test_a_missing_file_is_an_error(written, name):
    files = written(results())
    Path(files[name][0]).unlink()
    with pytest.raises(ClaimError, match=rf"{name}.parquet does not exist"):
        verdicts(files)


def test_a_table_that_lacks_a_model_or_a_column_is_an_error(written):
    tables = results()
    lines = tables["lines"][tables["lines"]["neuron"] == "lif"]
    with pytest.raises(ClaimError, match=r"lines.parquet: no row of neuron qif"):
        verdicts(written({**tables, "lines": lines}))
    with pytest.raises(ClaimError, match=r"nearby.parquet: no column cosine"):
        verdicts(written({**tables, "nearby": tables["nearby"].drop(columns="cosine")}))
    with pytest.raises(ClaimError, match="unequal"):
        verdicts(written({**tables, "trials": tables["trials"][1:]}))


@pytest.mark.parametrize(("absent", "named"), [("lif", "LIF"), ("qif", "QIF")])
def test_a_comparison_that_the_study_does_not_make_is_named(written, absent, named):
    tables = {
        name: table[table["neuron"] != absent] if "neuron" in table else table
        for name, table in results().items()
    }
    table = judge(Tables(written(tables)), "toy", seed=0).set_index("id")
    compared = [claim.name for claim in CLAIMS if "QIF minus LIF" in claim.measure]
    for name in [
        *compared,
        "lif-fragmented-lines",
        f"{absent}-{'dis' * (absent == 'lif')}continuous",
    ]:
        assert table.loc[name, "case"] == f"no {named} networks in this study"
        assert table.loc[name, "verdict"] == UNDECIDED
    assert table.loc["sg-ntk-converges", "verdict"] == SUPPORTED


def test_lif_is_compared_with_each_qif_model(written):
    tables = {
        name: pd.concat([table, table[table["neuron"] == "qif"].assign(neuron="qif_delta")])
        if "neuron" in table
        else table
        for name, table in results().items()
    }
    files = written(tables)
    assert verdicts(files) == {claim.name: SUPPORTED for claim in CLAIMS}
    table = judge(Tables(files), "toy", seed=0)
    cases = set(table[table["id"] == "lif-gradients-turn"]["case"])
    assert cases == {f"{n}: {s}" for n in ("qif", "qif_delta") for s in ("trained", "matched")}


def test_without_a_search_performance_is_undecided(written):
    files = {**written(results()), "trials": []}
    assert verdicts(files)["qif-outperforms-lif"] == UNDECIDED


def test_claims_have_names_of_their_own_and_name_all_that_they_read(written):
    names = [claim.name for claim in CLAIMS]
    assert len(set(names)) == len(names)
    files = written(results())
    for claim in CLAIMS:  # each works with the tables that it says it reads, and no other
        own = {name: files[name] for name in claim.reads}
        assert len(judge(Tables(own), "toy", 0, [claim]))


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


def test_comparisons_are_wrong_as_seldom_as_they_say():
    """Two equal groups of few seeds: a verdict in at most some 5 % of the cases."""
    draw = np.random.default_rng(0)
    criterion, wrong = Criterion(">", 0.0, SEEDS), 0
    for trial in range(100):
        one, two = draw.normal(size=(2, SEEDS))
        wrong += criterion.verdict(difference(one, two, seed=trial)) != Verdict.UNDECIDED
    assert wrong <= 11  # P(more | 5 %) < 0.01


def test_estimates_of_one_seed_or_none_leave_everything_open():
    for n in (0, 1):
        values = np.full(n, 3.0)
        for estimate in (mean(values, 0), difference(values, values, 0), ratio(values, values, 0)):
            assert Criterion(">", 0.0, 1).verdict(estimate) == Verdict.UNDECIDED
