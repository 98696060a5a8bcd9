"""Exact beside surrogate gradients of one network: against kernels, closed forms, a linear case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from snakemake.utils import update_config

import study.joining.growing
from networks import DAILY, random_spikes
from smoke import copy_repository, planned, snakemake
from spikegrad.network import Network, save_network
from spikegrad.ntk import tangent_kernels
from spikegrad.saving import save_tensors
from spikegrad.settings import validate
from study.claims import spiking_kernels
from study.claims.again import judged_again
from study.claims.estimates import Verdict
from study.claims.joining import JOINING_CLAIMS
from study.claims.judge import judge
from study.claims.results import NotMade, Tables
from study.config.joining import Joining, Pseudo
from study.config.training import ModelSettings
from study.data.dataset import SpikeDataset
from study.joining.gradients import agreement, gradients, kernels, measure
from study.joining.growing import descend, growing, powers, rates, start, task
from study.joining.twin import Twin
from study.landscape.objective import Objective, weights_of
from study.report.dictionary import declared
from study.report.page import page as page_of
from study.report.redraw import redraw
from study.storage.tables import read_table
from trainings import settings

OPTIONS = validate(
    Joining,
    {
        "seeds": [0],
        "points": 2,
        "samples": 6,
        "kernel_samples": 3,
        "step": 0.001,
        "surrogates": [{"width": 0.5}, {"kind": "box", "width": 2.0}],
        "lengths": {"low": 1e-7, "high": 1e-5, "points": 5},
        "growing": {"widths": [6, 12], "networks": 2, "samples": 4, "steps": 12},
    },
)


def dataset(n: int = 12) -> SpikeDataset:
    return SpikeDataset(
        spikes=random_spikes(3, n_samples=n, n_events=30, n_units=6, duration=0.1),
        labels=torch.arange(n) % 3,
        speakers=torch.zeros(n, dtype=torch.int64),
        n_units=6,
        n_classes=3,
        name="random",
        class_names=("a", "b", "c"),
    )


def model(**network: Any) -> ModelSettings:
    own = settings().model_dump(mode="json")
    own["network"] |= {"layers": [7], "recurrent": True, **network}
    own["network"]["init"] = {"mean": 0.7, "scale": 2.0, "recurrent_scale": 0.5}
    return validate(ModelSettings, own)


def network(neuron: str) -> Network:
    data = dataset()
    found = Network(model().network, 6, 3, neuron, torch.float64)
    found.initialise(data.spikes, torch.Generator().manual_seed(1))
    return found


@pytest.mark.parametrize("neuron", DAILY)
def test_rows_are_those_of_the_tangent_kernels(neuron: str) -> None:
    """Predicted changes are -eta g K g; spectra are those of the mixed kernel."""
    own, data = network(neuron), dataset().select(torch.arange(4))
    twin = Twin(own, OPTIONS.step)
    pseudo = OPTIONS.surrogates[0]
    found = tangent_kernels(
        twin.exact, twin.surrogate(pseudo), twin.parameters, data.spikes, trace_outputs=False
    )
    logits = twin.exact(data.spikes).detach().requires_grad_()
    loss = torch.nn.functional.cross_entropy(logits, data.labels)
    (g,) = torch.autograd.grad(loss, logits)
    weights = weights_of(own)
    steps = gradients(twin, data, (pseudo,))
    objective = Objective(own, data)
    rows = study.joining.gradients.steps(objective, weights, steps, OPTIONS)
    table = pd.DataFrame(rows).set_index("rule")
    objective.set_weights(weights)
    for rule, kernel in (("exact", found.exact), ("superspike 0.5", found.mixed)):
        size = torch.cat([p.flatten() for p in steps[{"exact": "exact"}.get(rule, pseudo)]]).norm()
        slope = torch.einsum("no,nmop,mp->", g, kernel, g) * weights.norm() / size
        expected = -table.loc[rule, "length"] * float(slope)
        np.testing.assert_allclose(table.loc[rule, "predicted"], expected, rtol=1e-6)
    (spectrum,), values = kernels(twin, data, (pseudo,))
    mixed = found.mixed.permute(0, 2, 1, 3).reshape(12, 12)
    eigenvalues = np.linalg.eigvals(mixed.numpy())
    eigenvalues /= np.abs(eigenvalues).max()
    assert spectrum["least"] == pytest.approx(eigenvalues.real.min(), abs=1e-9)
    symmetric = np.linalg.norm(mixed + mixed.T)
    assert spectrum["asymmetry"] == pytest.approx(np.linalg.norm(mixed - mixed.T) / symmetric)
    reals = sorted(value["real"] for value in values)
    np.testing.assert_allclose(reals, sorted(eigenvalues.real), atol=1e-9)


def test_what_is_missed_of_a_step_falls_with_its_square() -> None:
    own, data = network("qif"), dataset()
    twin, objective = Twin(own, OPTIONS.step), Objective(own, data)
    found = gradients(twin, data, OPTIONS.surrogates)
    rows = study.joining.gradients.steps(objective, weights_of(own), found, OPTIONS)
    for rule, steps in pd.DataFrame(rows).groupby("rule"):
        power, _ = np.polyfit(np.log(steps["length"]), np.log(steps["residual"]), 1)
        assert 1.8 < power < 2.2, rule


def test_agreement_is_of_hidden_weights_alone() -> None:
    own, data = network("lif"), dataset()
    twin = Twin(own, OPTIONS.step)
    exact = gradients(twin, data, ())["exact"]
    hidden = {"hidden.0.weight": 3.0, "hidden.0.recurrent_weight": 3.0}
    factors = [hidden.get(name, -1.0) for name in own.weights]
    pseudo = Pseudo(width=1.0)
    scaled = [factor * part for factor, part in zip(factors, exact, strict=True)]
    (row,) = agreement(twin, {"exact": exact, pseudo: scaled})
    assert row["cosine"] == pytest.approx(1.0)
    assert row["same_sign"] == 1.0
    assert row["ratio"] == pytest.approx(3.0)


def test_a_run_is_measured_at_points_of_its_training(tmp_path: Path) -> None:
    own = network("lif")
    state = own.state_dict()
    about = {"seed": 4, "model": "lif", "training": {}, "outcome": {"reason": ""}}
    save_network(tmp_path / "best", own, about, state)
    snapshots = {
        f"epoch.{epoch}.{name}": (1 + 0.01 * epoch) * value
        for epoch in (0, 1, 2, 5)
        for name, value in state.items()
    }
    save_tensors(tmp_path / "snapshots", snapshots, {})
    tables = measure(tmp_path / "best", tmp_path / "snapshots", dataset(), OPTIONS)
    for name, rows in {"agreement": 2, "steps": 15, "spectra": 2, "eigenvalues": 18}.items():
        assert tables[name].groupby("epoch").size().to_dict() == {0: rows, 5: rows}
        assert set(tables[name]["seed"]) == {4}
    steps = tables["steps"]
    assert (steps["residual_changed"] <= steps["residual"] + 1e-15).all()


def test_a_step_that_runs_away_has_a_row_without_numbers() -> None:
    own, data = network("lif"), dataset()
    twin, weights = Twin(own, OPTIONS.step), weights_of(own)
    far = OPTIONS.lengths.model_copy(update={"low": 1e-6, "high": 1e300, "points": 2})
    found = gradients(twin, data, ())
    options = OPTIONS.model_copy(update={"lengths": far})
    near, lost = study.joining.gradients.steps(Objective(own, data), weights, found, options)
    assert np.isfinite(near["residual"])
    assert "residual" not in lost
    assert lost["length"] == pytest.approx(1e300)


def test_a_network_that_is_linear_in_its_weights_follows_its_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the readout alone learns, descent in function space is exact and no kernel drifts."""
    monkeypatch.setattr(
        study.joining.growing,
        "rates",
        lambda network, *_: [float(name.startswith("readout")) for name in network.weights],
    )
    assert OPTIONS.growing is not None
    few = OPTIONS.growing.model_copy(update={"networks": 1, "steps": 6})
    options = OPTIONS.model_copy(update={"step": 0.005, "growing": few})
    table = growing(model().network, "lif", 6, 6, dataset(24), options, 0)
    exact = table[table["rule"] == "exact"]
    assert exact["distance"].max() < 1e-9
    assert exact["drift"].max() < 1e-9
    np.testing.assert_allclose(exact["loss"], exact["kernel_loss"], atol=1e-9)
    ends = table[table["step"] == 6].groupby("rule")["loss"].mean()
    assert (ends < table[table["step"] == 0].groupby("rule")["loss"].mean()).all()


@pytest.mark.parametrize("rate", [1e6, 1e300])
def test_networks_that_run_away_are_told_and_left_out(rate: float) -> None:
    assert OPTIONS.growing is not None
    options = OPTIONS.model_copy(
        update={"growing": OPTIONS.growing.model_copy(update={"rate": rate})}
    )
    table = growing(model().network, "lif", 6, 6, dataset(24), options, 0)
    assert table["ran_away"].notna().all()
    assert (table["step"] < table["ran_away"]).all()
    found = powers(table)
    assert found["exponent"].isna().all()
    assert (found["n_networks"] == 0).all()
    assert (found["ran_away"] == OPTIONS.growing.networks).all()


def test_a_network_that_runs_away_before_it_learns_has_one_row() -> None:
    data, growth = dataset(24), OPTIONS.growing
    assert growth is not None
    spikes, targets = task(data, growth.samples, 0)
    network = start(model().network, "lif", 6, 6, "ntk", data, spikes, 0, 0)
    with torch.no_grad():
        network.hidden[0].recurrent_weight.fill_(50.0)
    rows = descend(network, "exact", rates(network, "ntk", 6), spikes, targets, OPTIONS)
    assert rows == [{"step": 0, "ran_away": 0.0}]


def test_kernels_neither_grow_nor_fall_with_the_width() -> None:
    data = dataset(24)
    spikes, _ = task(data, 4, 0)
    for scaling in ("ntk", "mean field"):
        sizes = []
        for width in (16, 144):
            traces = []
            for number in range(6):
                own = start(model().network, "qif", width, 16, scaling, data, spikes, 0, number)
                twin, factors = Twin(own, OPTIONS.step), rates(own, scaling, 16)
                kernel = study.joining.growing._kernel(twin, twin.exact, factors, spikes, 4)
                traces.append(float(kernel.diagonal().mean()))
            sizes.append(np.median(traces))
        assert 0.3 < sizes[1] / sizes[0] < 3, (scaling, sizes)  # nine times the width


def test_the_task_has_two_classes_in_turn_and_needs_samples() -> None:
    spikes, targets = task(dataset(24), 4, 0)
    assert targets.tolist() == [-1.0, 1.0] * 4
    assert len(spikes) == 8
    with pytest.raises(ValueError, match=r"joining\.growing\.samples is 9, .* has only 8"):
        task(dataset(24), 9, 0)


def test_powers_of_the_width_are_found() -> None:
    rows = [
        {
            "neuron": "lif", "rule": "exact", "scaling": "ntk", "width": width, "network": network,
            "step": step, "drift": 3 * width**-0.5, "distance": (1 + network) * width**-1.0,
            "ran_away": float("nan"),
        }
        for width in (10, 40, 90)
        for network in range(3)
        for step in (0, 5)
    ]  # fmt: skip
    table = powers(pd.DataFrame(rows)).set_index("quantity")
    assert table.loc["drift", "exponent"] == pytest.approx(-0.5)
    assert table.loc["drift", "low"] == pytest.approx(-0.5)
    assert table.loc["distance", "exponent"] == pytest.approx(-1)
    assert table.loc["distance", "low"] < -1 < table.loc["distance", "high"]
    one_width = powers(pd.DataFrame([row for row in rows if row["width"] == 40]))
    assert one_width["exponent"].isna().all()


def claim_tables(tmp_path: Path, power: float, gain: float, without: str = "") -> Tables:
    """Four seeds of networks; residuals with a ``power``, surrogates with a ``gain`` less. The
    table ``without`` is none of the study's."""
    seeds, lengths = range(4), np.geomspace(1e-6, 1e-3, 7)
    key = [(neuron, seed) for neuron in ("lif", "qif") for seed in seeds]
    models = ("lif", "qif", "lif_surrogate", "qif_surrogate")
    found = {
        "runs": [
            {"neuron": n, "seed": s, "search": s, "accuracy": 0.8 - gain * (len(n) > 3) + 0.01 * s}
            for n in models
            for s in seeds
        ],
        "stability": [{"neuron": n, "budget_spent": True} for n in models],
        "steps": [
            {
                "neuron": n, "seed": s, "epoch": 1, "rule": rule, "length": length,
                "residual": (1 + s) * 1e4 * length**power, "samples_changed": 500 * length,
                "residual_changed": 0.9 * (1 + s) * 1e4 * length**power,
            }
            for n, s in key
            for rule in ("exact", "superspike 1")
            for length in lengths
        ],
        "agreement": [
            {"neuron": n, "seed": s, "epoch": e, "surrogate": "box", "pseudo_width": w,
             "cosine": 0.95 - 0.1 * (w > 1) - 0.001 * s - 0.5 * (e == 0)}
            for n, s in key for e in (0, 3) for w in (1.0, 2.0)
        ],
        "spectra": [
            {"neuron": n, "seed": s, "epoch": 3, "surrogate": "box", "pseudo_width": w,
             "least": 0.1 - 0.2 * (n == "qif") - 0.001 * s}
            for n, s in key for w in (1.0, 2.0)
        ],
        "growing_powers": [
            {"neuron": n, "rule": "exact", "scaling": "ntk", "quantity": q, "exponent": -0.5,
             "low": -0.6, "high": -0.4, "n_networks": 5}
            for n in ("lif", "qif") for q in ("drift", "distance")
        ],
    }  # fmt: skip
    for name, rows in found.items():
        pd.DataFrame(rows).to_csv(tmp_path / f"{name}.csv", index=False)
    files = {name: [str(tmp_path / f"{name}.csv")] * (name != without) for name in found}
    return Tables(files, 0)


@pytest.mark.parametrize(("absent", "named"), [("lif", "LIF"), ("qif", "QIF")])
def test_a_statement_on_both_models_takes_both(tmp_path: Path, absent: str, named: str) -> None:
    tables = claim_tables(tmp_path, 2.0, 0.1)
    for file in tmp_path.glob("*.csv"):
        table = pd.read_csv(file)
        if "neuron" in table:
            table[table["neuron"] != absent].to_csv(file, index=False)
    claims = judge(tables, "x", [c for c in JOINING_CLAIMS if c.name == "surrogates-nearly-exact"])
    assert claims["case"].tolist() == [f"no {named} networks in this study"]


def test_claims_are_judged(tmp_path: Path) -> None:
    claims = judge(claim_tables(tmp_path, 2.0, 0.1), "x", JOINING_CLAIMS).set_index(["id", "case"])
    supported = {
        ("kernels-predict-steps", "qif: exact steps"): 2.0,
        ("kernels-predict-steps", "qif: surrogate steps"): 2.0,
        ("surrogates-nearly-exact", "lif: nearest surrogate, box 1"): 0.9485,
        ("sg-ntk-unstable-in-spiking-networks", "qif: nearest surrogate, box 1"): -0.1015,
        ("kernels-rest-in-wide-networks", "lif: exact, ntk"): -0.5,
        ("exact-beats-surrogate", "qif: all voices"): 0.1,
    }
    for place, value in supported.items():
        assert claims.loc[place, "estimate"] == pytest.approx(value), place
        assert claims.loc[place, "verdict"] == Verdict.SUPPORTED, place
    # at 1e-3 half of the samples change, and have nine tenths of what is missed
    ratio = claims.loc[("missed-where-spikes-change", "lif: exact steps"), "estimate"]
    assert ratio == pytest.approx(np.log10(9))
    stable = claims.loc[("sg-ntk-unstable-in-spiking-networks", "lif: nearest surrogate, box 1")]
    assert stable["verdict"] == Verdict.NOT_SUPPORTED
    worse = judge(claim_tables(tmp_path, 1.0, -0.1), "x", JOINING_CLAIMS).set_index(["id", "case"])
    for name, case in {
        "kernels-predict-steps": "qif: exact steps",
        "exact-beats-surrogate": "lif: all voices",
    }.items():
        assert worse.loc[(name, case), "verdict"] == Verdict.NOT_SUPPORTED


def test_without_searches_of_equal_budget_rules_are_not_compared(tmp_path: Path) -> None:
    claim_tables(tmp_path, 2.0, 0.1)
    files = {name: [str(tmp_path / f"{name}.csv")] for name in ("runs", "stability")}
    with pytest.raises(NotMade, match="no search"):
        spiking_kernels.accuracy_gain(Tables({**files, "stability": []}, 0))
    spent = pd.read_csv(tmp_path / "stability.csv")
    spent["budget_spent"] = spent["neuron"] != "qif_surrogate"
    spent.to_csv(tmp_path / "stability.csv", index=False)
    cases = spiking_kernels.accuracy_gain(Tables(files, 0))
    assert list(cases) == ["lif: all voices", "qif: searches of unequal budgets"]


@pytest.mark.parametrize(
    ("without", "open_claims"),
    [
        ("growing_powers", {"kernels-rest-in-wide-networks", "kernels-describe-wide-networks"}),
        ("stability", {"exact-beats-surrogate"}),
    ],
)
def test_a_study_judges_what_it_has(tmp_path: Path, without: str, open_claims: set[str]) -> None:
    claims = judge(claim_tables(tmp_path, 2.0, 0.1, without), "x", JOINING_CLAIMS)
    assert {*claims.loc[claims["verdict"] == Verdict.NOT_MEASURABLE, "id"]} == open_claims


TINY = """
search: null
variants: {slower: null, each fold: null, drawn: null}
training: {sample_clip: null}
neurons: {lif_surrogate: {network: {surrogate: {width: 0.5, step: 0.01}}}}
joining:
  seeds: [0]
  points: 2
  samples: 4
  kernel_samples: 2
  step: 0.01
  surrogates: [{width: 0.2}, {kind: box, width: 0.5}]
  lengths: {points: 5}
  growing: {widths: [4, 8], networks: 2, samples: 3, steps: 4}
"""


def tiny(folder: Path) -> Path:
    """A copy of the repository whose smoke study measures exact and surrogate gradients."""
    project = copy_repository(folder / "project")
    smoke = yaml.safe_load((project / "config" / "smoke.yaml").read_text())
    update_config(smoke, yaml.safe_load(TINY))
    (project / "config" / "smoke.yaml").write_text(yaml.safe_dump(smoke))
    return project


def test_the_stage_is_planned(tmp_path: Path) -> None:
    jobs = planned(tiny(tmp_path), targets=["publish_joining"])
    assert jobs["joining_measure"] == len(["lif", "qif"])
    assert jobs["joining_growing"] == len(["lif", "qif"]) * len([4, 8])
    assert jobs["judge_joining_claims"] == jobs["publish_joining"] == 1


@pytest.mark.weekly
def test_the_stage_runs_and_its_tables_are_explained(tmp_path: Path) -> None:
    project = tiny(tmp_path)
    run = snakemake(project, "--", "publish_joining")
    assert run.returncode == 0, run.stderr
    results = project / "results" / "spoken-digits-smoke"
    tables = {file: table for table in declared() for file in table.files}
    for name in ("agreement.csv", "steps.csv", "spectra.csv", "eigenvalues.parquet",
                 "growing.csv", "growing_powers.csv"):  # fmt: skip
        found = read_table(results / "joining" / name)
        assert set(found) == set(tables[f"joining/{name}"].columns), name
    figures = {file.stem for file in (results / "joining" / "figures").glob("*.png")}
    assert figures == {"agreement", "steps", "spectra", "growing", "accuracy"}
    page = (results / "joining" / "README.md").read_text()
    assert page.count("](joining-claims.html#") > 6
    assert "undecided" in page
    published = project / "docs" / "results" / "spoken-digits-smoke"
    assert page_of(published / "joining", "joining.md") == page
    again = judged_again(published / "joining" / "judged.yaml")
    assert (
        again["verdict"].tolist() == read_table(results / "joining/claims.csv")["verdict"].tolist()
    )
    drawn, left = redraw(published)
    assert {file.stem for file in drawn} == figures
    assert left == []
