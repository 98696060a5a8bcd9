"""The SG-NTK experiments: what they record, and their statistics against what was put in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from spikegrad.ntk.activations import Erf
from spikegrad.ntk.derivatives import ErfDerivative
from spikegrad.settings import validate
from study.config.ntk import (
    Ensemble,
    KernelExperiment,
)
from study.ntk import build
from study.ntk.build import circle_problem, network_generators
from study.ntk.comparison import distances, predictions, spreads, trends
from study.ntk.convergence import analytic_rows, errors, growth, width_exponents
from study.ntk.dense_networks import Architecture, empirical_kernel, initialise
from study.ntk.experiments import networks as train

EXPERIMENT = {
    "name": "small",
    "surrogate": {"name": "erf_derivative", "slope": 1.0},
    "widths": [10, 20],
    "n_networks": 4,
    "record_steps": [0, 3, 9],
    "block_size": 3,
    "blocks_per_job": 2,
}
SIGN = EXPERIMENT | {"hidden_layers": 1}
SMOOTH = EXPERIMENT | {
    "activations": [{"name": "erf", "slope": 2.0}, {"name": "erf", "slope": 5.0}]
}


@pytest.fixture(scope="module", autouse=True)
def _small_problem():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "TEST_POINTS", 40)
        patch.setattr(build, "TRAINING_POINTS", 6)
        yield


@pytest.fixture(scope="module")
def predicted() -> pd.DataFrame:
    return predictions(validate(Ensemble, SIGN))


@pytest.fixture(scope="module")
def smooth() -> KernelExperiment:
    return validate(KernelExperiment, SMOOTH)


def test_jobs_share_out_every_network_once() -> None:
    jobs = validate(Ensemble, SIGN).jobs()
    networks = [(cell.width, i) for job in jobs for cell in job for i in cell.networks]
    assert networks == [(width, i) for width in (10, 20) for i in range(4)]
    assert [len(job) for job in jobs] == [2, 2]


def test_recorded_networks_are_reproducible_and_complete(smooth) -> None:
    one, other = (train(smooth, 0) for _ in range(2))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert set(one.step) == {0, 3, 9}
    assert len(one) == 3 * 4 * 40
    # the kernel of one network, the other way round: prediction at angle 0 is not what is stored
    architecture, x = Architecture(2, 10, 2), torch.from_numpy(circle_problem().inputs)
    block = initialise(architecture, network_generators(10, [1]), torch.float32)
    kernel = empirical_kernel(
        architecture, block.to(torch.float64), x, x[20:21], Erf(2.0), ErfDerivative(1.0)
    )
    stored = one[(one.network == 1) & (one.step == 0)].sort_values("angle").kernel
    np.testing.assert_allclose(stored, kernel[0, :, 0], rtol=1e-12, atol=1e-14)


def ensemble(means: dict[int, np.ndarray], angles: np.ndarray, spread: dict, n: int):
    """``n`` networks of each width, with these means and standard deviations."""
    rng = np.random.default_rng(0)
    tables = []
    for width, mean in means.items():
        f = mean + spread[width] * rng.normal(size=(n, len(angles)))
        network, angle = np.repeat(np.arange(n), len(angles)), np.tile(angles, n)
        columns = {"network": network, "angle": angle, "output": f.ravel()}
        tables.append(pd.DataFrame(columns).assign(slope=np.inf, width=width, step=9))
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize("kernel", ["SG-NTK", "NNGP"])
def test_distances_find_the_kernel_that_made_the_networks(predicted, kernel) -> None:
    own = predicted[(predicted.kernel == kernel) & np.isinf(predicted.step)].sort_values("angle")
    networks = ensemble({10: own["mean"].to_numpy()}, own.angle.to_numpy(), {10: 0.3}, 400)
    table = distances(networks, predicted)
    table = table[table["at"] == "convergence"].set_index("kernel")
    assert table.rms.idxmin() == kernel
    assert table.noise[kernel] == pytest.approx(0.3 / 20, rel=0.1)
    assert table.excess[kernel] < 0.01
    assert (table.excess_low <= table.excess).all()
    assert (table.excess <= table.excess_high).all()
    z = table.advantage_z["NNGP"]
    assert z > 5 if kernel == "SG-NTK" else z < -5
    assert table.advantage_z["SG-NTK"] == 0


def test_spread_and_trends_are_those_that_were_put_in(predicted) -> None:
    """Distance 3 n^-1/2, spread 2 n^-1/4 at training points and 1 at the others."""
    flow = predicted[(predicted.kernel == "SG-NTK") & (predicted.step == 9)].sort_values("angle")
    mean, std, angles = (flow[name].to_numpy() for name in ("mean", "std", "angle"))
    widths = (16, 81, 256)
    put_in = {n: {"train": 2 * n**-0.25, "test": 1.0} for n in widths}
    networks = ensemble(
        {n: mean + 3 * n**-0.5 for n in widths},
        angles,
        {n: np.hypot(std, np.where(flow.train, *put_in[n].values())) for n in widths},
        600,
    )
    table = spreads(networks, predicted)
    assert len(table) == 6
    for _, row in table.iterrows():
        excess = put_in[row.width][row.points]
        assert row.excess == pytest.approx(excess, rel=0.1)
        assert row.low < np.hypot(row.std_predicted, excess) < row.high
        own = flow["train"].to_numpy() == (row.points == "train")
        squares = std[own] ** 2 + excess**2
        error = np.sqrt(2 * (squares**2).sum() / 600) / own.sum()  # of the mean square
        width = 1.96 * error / np.sqrt(squares.mean())
        assert row.high - row.low == pytest.approx(width, rel=0.15)
    powers = trends(networks, predicted).set_index("quantity")
    for quantity, power in (("distance", -0.5), ("spread, train", -0.25), ("spread, test", 0.0)):
        row = powers.loc[quantity]
        assert row.low < power < row.high
        assert row.exponent == pytest.approx(power, abs=0.1)
    # networks that do as predicted have nothing left: the interval is open below
    right = ensemble(dict.fromkeys(widths, mean), angles, dict.fromkeys(widths, std), 100)
    assert np.isinf(trends(right, predicted).low).all()
    one_width = trends(right[right.width == 16], predicted)
    assert one_width.empty
    assert "exponent" in one_width  # the table has its columns nevertheless


def test_off_the_circle_the_transpose_is_another_kernel(monkeypatch) -> None:
    """Sign networks with one hidden layer follow the SG-NTK, not its transpose."""
    monkeypatch.setattr(build, "SEED", 3)  # on whose inputs the kernels soon differ
    change = {"gaussian_inputs": 3, "widths": [300], "n_networks": 40, "record_steps": [0, 100]}
    change["block_size"] = 40
    experiment = validate(Ensemble, SIGN | change)
    networks = train(experiment, 0)
    assert set(networks.point) == set(range(40))
    table = distances(networks, predictions(experiment))
    last = table[(table.step == 100) & (table["at"] == "same time")].set_index("kernel")
    assert set(last.index) == {"SG-NTK", "two-sided", "NNGP", "transposed", "symmetrised"}
    assert last.advantage_z["transposed"] > 4
    assert last.advantage_z["symmetrised"] > 3
    assert last.rms.idxmin() == "SG-NTK"


def test_growth_is_the_power_of_the_slope(smooth) -> None:
    analytic = analytic_rows(smooth)
    finite = analytic[np.isfinite(analytic.slope)]
    noise = np.random.default_rng(0).normal(size=20)
    networks = pd.concat(
        finite.assign(kernel=finite.slope**1.5 * np.exp(0.1 * e), width=10, network=i, step=0)
        for i, e in enumerate(noise)
    )
    row = growth(networks, smooth).iloc[0]
    assert row.low < 1.5 < row.high
    assert row.exponent == pytest.approx(1.5, abs=0.1)
    assert (row.theory, row.n_networks) == (2, 20)
    one = networks[networks.slope == 2.0]
    assert growth(one, smooth).empty


def test_errors_drift_and_exponents_of_known_kernels(smooth) -> None:
    analytic = analytic_rows(smooth)
    finite = analytic[np.isfinite(analytic.slope)]
    # an error of 1 / sqrt(n) in every entry, and a relative change of step / n
    networks = pd.concat(
        finite.assign(
            kernel=(finite.kernel + 1 / np.sqrt(n)) * (1 + step / n), width=n, network=i, step=step
        )
        for n in (10, 40, 160)
        for i in range(3)
        for step in (0, 3, 9)
    )
    per_network = errors(networks, analytic)
    start = per_network[per_network.step == 0]
    np.testing.assert_allclose(start.squared_error, 1 / start.width, rtol=1e-10)
    np.testing.assert_allclose(per_network.drift, per_network.step / per_network.width, atol=1e-12)
    powers = width_exponents(per_network, "squared_error")
    before = powers[powers.step == 0]
    np.testing.assert_allclose(before[["exponent", "low", "high"]], -1, atol=1e-9)
    drifts = width_exponents(per_network, "drift")
    assert set(drifts.step) == {3, 9}
    np.testing.assert_allclose(drifts.exponent, -1, atol=1e-9)
