"""Kernel flow, comparison and convergence statistics against independent routes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.integrate import solve_ivp

from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.regression import (
    Covariances,
    IllConditionedError,
    UnstableKernelError,
    kernel_flow,
    kernel_regression,
    stability,
)
from spikegrad.ntk.surrogates import ErfDerivative, HardTanhDerivative
from spikegrad.settings import ConfigError, validate
from study.config.ntk import KernelExperiment, NTKExperiment, NTKProblem
from study.ntk.build import network_generators
from study.ntk.comparison import distances, predictions, spreads, trends
from study.ntk.convergence import analytic_rows, errors, exponents, growth
from study.ntk.empirical import empirical_kernel
from study.ntk.ensemble import Descent
from study.ntk.experiments import train_cells
from study.ntk.network import Architecture, initialise, outputs
from study.ntk.problem import circle_problem

PROBLEM = {
    "seed": 3,
    "n_test": 40,
    "n_train": 6,
    "weight_std": 1.0,
    "bias_std": 0.1,
    "learning_rate": 0.1,
}
EXPERIMENT = {
    "name": "small",
    "activations": [{"name": "sign"}],
    "surrogate": {"name": "erf_derivative", "slope": 1.0},
    "hidden_layers": 1,
    "widths": [10, 20],
    "n_networks": 4,
    "record_steps": [0, 3, 9],
    "block_size": 3,
    "blocks_per_job": 2,
}
SMOOTH = {
    **EXPERIMENT,
    "activations": [{"name": "erf", "slope": 2.0}, {"name": "erf", "slope": 5.0}],
}


@pytest.fixture
def problem() -> NTKProblem:
    return validate(NTKProblem, PROBLEM)


@pytest.mark.parametrize("time", [0.0, 0.7, 30.0])
def test_flow_is_the_solution_of_its_differential_equation(problem, time) -> None:
    """Off the circle, so that the kernel is asymmetric."""
    x = np.random.default_rng(1).normal(size=(9, 3))
    train = np.array([0, 2, 5, 7])
    y = np.array([1.0, -2.0, 0.5, 3.0])
    kernels = sg_ntk(x, x)
    drive = kernels.ntk[:, train] / len(train)

    def after(f0: np.ndarray) -> np.ndarray:
        solution = solve_ivp(
            lambda _, f: -drive @ (f[train] - y), (0, time), f0, rtol=1e-10, atol=1e-12
        )
        return solution.y[:, -1]

    flow = kernel_flow(kernels.ntk, kernels.nngp, train, y, time)
    np.testing.assert_allclose(flow.mean, after(np.zeros(9)), atol=1e-8)
    # the covariance: that of f_0 transported by the same linear flow
    transport = np.stack([after(e) - after(np.zeros(9)) for e in np.eye(9)], axis=1)
    covariance = transport @ kernels.nngp @ transport.T
    np.testing.assert_allclose(flow.covariance, covariance, atol=1e-8)


def test_regression_is_the_flow_at_late_times_and_fits_the_training_points(problem) -> None:
    points = circle_problem(problem)
    y = points.targets[points.train]
    kernels = sg_ntk(points.inputs, points.inputs)
    regression = kernel_flow(kernels.ntk, kernels.nngp, points.train, y)
    late = kernel_flow(kernels.ntk, kernels.nngp, points.train, y, 1e6)
    np.testing.assert_allclose(regression.mean, late.mean, atol=1e-9)
    np.testing.assert_allclose(regression.mean[points.train], y, atol=1e-9)
    np.testing.assert_allclose(regression.std[points.train], 0, atol=1e-6)
    assert regression.std.max() > 0.1


CIRCLE = np.stack([f(2 * np.pi * np.arange(100) / 100) for f in (np.sin, np.cos)], axis=1)
UNSTABLE = np.array([[7.27, -23.74], [0.72, -1.18], [4.83, -20.26], [4.25, -15.58]])


def test_ill_conditioned_limits_are_errors_not_nonsense() -> None:
    """100 points of a circle: regression missed its own training targets by thousands."""
    kernel = sg_ntk(CIRCLE, None, 3, Erf(1.0), ErfDerivative(1.0), get="ntk")
    y = np.cos(3 * np.arctan2(*CIRCLE.T))
    with pytest.raises(IllConditionedError, match=r"condition number.*diag_reg"):
        kernel_regression(kernel, kernel, y)
    late = kernel_regression(kernel, kernel, y, t=1e6).mean
    np.testing.assert_allclose(late, y, atol=1e-6)
    ridged = kernel_regression(kernel, kernel, y, diag_reg=1e-10).mean
    np.testing.assert_allclose(ridged, y, atol=1e-5)


def test_duplicates_are_named_and_can_be_regularised() -> None:
    x = np.random.default_rng(0).normal(size=(6, 3))
    x = np.vstack([x, x[2]])
    y = np.append(np.arange(6.0), 2.0)
    kernel = sg_ntk(x, None, get="ntk")
    with pytest.raises(IllConditionedError, match=r"points 2 and 6 are the same"):
        kernel_regression(kernel, kernel, y)
    for prediction in (
        kernel_regression(kernel, kernel, y, diag_reg=1e-9),
        kernel_regression(kernel, kernel, y, t=1e7),
    ):
        np.testing.assert_allclose(prediction.mean, y, atol=1e-4)
    y[-1] = 4.0  # contradicts point 2: both get the mean, as under gradient descent
    flow = kernel_regression(kernel, kernel, y, t=1e7)
    np.testing.assert_allclose(flow.mean[[2, 6]], 3.0, atol=1e-4)


def test_unstable_kernels_have_no_limit() -> None:
    """Two layers, hard-tanh surrogate, inputs of very unequal norms (arXiv 2405.15539 has none)."""
    kernel = sg_ntk(UNSTABLE, None, 2, Sign(), HardTanhDerivative(1.0), get="ntk")
    values, vectors = np.linalg.eig(kernel)
    worst = np.argmin(values.real)
    assert values[worst].real < -1e-3
    assert stability(kernel) == pytest.approx(
        values[worst].real / np.linalg.norm(kernel, 2), rel=1e-9
    )
    y = vectors[:, worst].real
    with pytest.raises(UnstableKernelError, match="gradient flow diverges"):
        kernel_regression(kernel, kernel, y)
    # at finite times the error grows as the exponential says
    for t in (10.0, 200.0):
        grown = y - kernel_regression(kernel, kernel, y, t=t).mean
        np.testing.assert_allclose(grown, y * np.exp(-values[worst].real * t / 4), rtol=1e-8)
    assert stability(sg_ntk(CIRCLE[::7], None, get="ntk")) > 0


@pytest.mark.parametrize("n_copies", [1, 2])
def test_several_times_and_outputs_at_once(n_copies) -> None:
    """Also for a singular kernel; each as alone, against the differential equation."""
    x = np.random.default_rng(1).normal(size=(5, 3))
    x = np.vstack([x] * n_copies)
    y = np.random.default_rng(2).normal(size=(len(x), 2))
    test = np.random.default_rng(3).normal(size=(4, 3))
    across, among = sg_ntk(test, x, get="ntk"), sg_ntk(x, None, get="ntk")
    times = [0.0, 1.0, 30.0]
    several = kernel_regression(across, among, y, t=times).mean
    assert several.shape == (3, 4, 2)
    np.testing.assert_array_equal(several[0], 0)
    for time, mean in zip(times[1:], several[1:], strict=True):
        np.testing.assert_allclose(
            kernel_regression(across, among, y[:, 0], t=time).mean, mean[:, 0], rtol=1e-9
        )
        n = len(x)
        both = np.vstack([across, among])
        solution = solve_ivp(
            lambda _, f, both=both, n=n: -both @ (f[4:] - y[:, 1]) / n,
            (0, time), np.zeros(4 + n), rtol=1e-11, atol=1e-12,
        )  # fmt: skip
        np.testing.assert_allclose(mean[:, 1], solution.y[:4, -1], atol=1e-8)


def test_defective_kernels_flow_too() -> None:
    """No eigenvectors to use: a Jordan block."""
    kernel = np.array([[1.0, 5.0], [0.0, 1.0]])
    mean = kernel_regression(kernel, kernel, np.array([0.0, 1.0]), t=4.0).mean
    # exp(-K s) = e^-s [[1, -5 s], [0, 1]], s = t / 2
    np.testing.assert_allclose(mean, [10 * np.exp(-2.0), 1 - np.exp(-2.0)], rtol=1e-10)


def test_tensors_give_tensors_and_the_covariance_is_optional() -> None:
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    kernels = sg_ntk(x)
    train, y = slice(0, 4), torch.arange(4.0)
    blocks = Covariances(kernels.nngp, kernels.nngp[:, train], kernels.nngp[train, train])
    prediction = kernel_regression(
        kernels.ntk[:, train], kernels.ntk[train, train], y, t=[1.0, 5.0], nngp=blocks
    )
    assert prediction.mean.dtype == prediction.covariance.dtype == torch.float32
    assert prediction.mean.shape == (2, 6)
    assert prediction.covariance.shape == (2, 6, 6)
    assert prediction.std.shape == (2, 6)
    whole = kernel_flow(
        kernels.ntk.double().numpy(), kernels.nngp.double().numpy(), np.arange(4), y.numpy(), 5.0
    )
    np.testing.assert_allclose(prediction.mean[1], whole.mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(prediction.covariance[1], whole.covariance, rtol=1e-4, atol=1e-5)
    alone = kernel_regression(kernels.ntk[:, train], kernels.ntk[train, train], y)
    with pytest.raises(ValueError, match="no covariance"):
        _ = alone.std


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_train": np.ones(3)}, r"for 3 targets, not \(2, 2\)"),
        ({"y_train": np.array([1.0, np.nan])}, "y_train has entries that are not finite"),
        ({"k_test_train": np.ones((4, 3))}, "k_test_train"),
        ({"k_train_train": np.zeros((0, 0))}, "k_train_train must have"),
        ({"t": -1.0}, "t must be"),
        ({"diag_reg": -1.0}, "diag_reg must be"),
        ({"nngp": Covariances(np.eye(4), np.ones((4, 1)), np.eye(2))}, "nngp must be of shapes"),
    ],
)
def test_bad_arguments_are_named(change, message) -> None:
    right = {"k_test_train": np.ones((4, 2)), "k_train_train": np.eye(2), "y_train": np.ones(2)}
    with pytest.raises(ValueError, match=message):
        kernel_regression(**{**right, **change})


def test_naive_regression_vanishes_but_not_its_sign() -> None:
    """With the authors' settings: 15 of 100 angles."""
    settings = validate(NTKProblem, {**PROBLEM, "n_test": 100, "n_train": 15})
    points = circle_problem(settings)
    y, x = points.targets[points.train], points.inputs
    test = np.setdiff1d(np.arange(100), points.train)
    rms, means = {}, {}
    for slope in (1.0, 20.0, 500.0):
        kernels = sg_ntk(x, x, 3, Erf(slope), Erf(slope).derivative)
        means[slope] = kernel_flow(kernels.ntk, kernels.nngp, points.train, y).mean[test]
        rms[slope] = np.sqrt((means[slope] ** 2).mean())
    assert rms[1.0] > 0.5
    assert rms[20.0] < rms[1.0] / 4
    assert rms[500.0] < 2e-3
    limit = sg_ntk(x, x, 3, Sign(), Sign().derivative).ntk[np.ix_(test, points.train)] @ y
    assert (np.sign(means[500.0]) == np.sign(limit)).mean() > 0.98


def test_wide_networks_follow_the_flow() -> None:
    """Off the circle: with the kernel transposed the prediction would be wrong by far more."""
    x = np.random.default_rng(5).normal(size=(12, 3))
    train = np.arange(5)
    y = np.array([2.0, -1.0, 1.5, -2.0, 1.0])
    phi, psi, steps, rate = Erf(3.0), ErfDerivative(1.0), 30, 0.2
    architecture = Architecture(3, 600, 2)
    generators = [torch.Generator().manual_seed(i) for i in range(16)]
    block = initialise(architecture, generators, torch.float32)
    tensor = torch.from_numpy(x).float()
    descent = Descent(architecture, phi, psi, tensor[train], torch.from_numpy(y).float(), rate)
    start = outputs(architecture, block, tensor, phi).double().numpy()
    for _ in range(steps):
        descent.step(block)
    change = outputs(architecture, block, tensor, phi).double().numpy() - start
    kernels = sg_ntk(x, x, 3, phi, psi)

    def rms(kernel: np.ndarray) -> float:
        flow = np.stack(
            [
                kernel_flow(kernel, kernels.nngp, train, y - f0[train], rate * steps).mean
                for f0 in start
            ]
        )
        return float(np.sqrt(((change - flow).mean(0) ** 2).mean()))

    assert rms(kernels.ntk) < 0.05
    assert rms(kernels.ntk) < rms(kernels.ntk.T) / 2


@pytest.mark.parametrize("psi", [Erf(2.0).derivative, ErfDerivative(1.0)])
def test_kernel_error_falls_as_one_over_width(psi) -> None:
    x = circle_problem(validate(NTKProblem, PROBLEM)).inputs
    phi = Erf(2.0)
    exact = sg_ntk(x, x[20:21], 3, phi, psi).ntk
    tensor, widths = torch.from_numpy(x), [30, 100, 300]
    squared = []
    for width in widths:
        architecture = Architecture(2, width, 2)
        block = initialise(architecture, network_generators(0, width, range(200)))
        kernel = empirical_kernel(architecture, block, tensor, tensor[20:21], phi, psi)
        squared.append(float(((kernel.numpy() - exact) ** 2).mean()))
    assert np.polyfit(np.log(widths), np.log(squared), 1)[0] == pytest.approx(-1, abs=0.15)


def test_jobs_share_out_every_network_once() -> None:
    experiment = validate(NTKExperiment, EXPERIMENT)
    cells = [cell for job in experiment.jobs() for cell in job]
    networks = [
        (cell.width, cell.first_network + i) for cell in cells for i in range(cell.n_networks)
    ]
    assert sorted(networks) == [(width, i) for width in (10, 20) for i in range(4)]
    assert [len(job) for job in experiment.jobs()] == [2, 2]


def test_recorded_networks_are_reproducible_and_complete(problem, tmp_path) -> None:
    experiment = validate(KernelExperiment, SMOOTH)
    first, *_ = experiment.jobs()
    one, two = (
        train_cells(problem, experiment, first, tmp_path / str(i), 2, "same") for i in range(2)
    )
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    # killed after the last step, before the table was stored: the same from the checkpoints
    resumed = train_cells(problem, experiment, first, tmp_path / "0", 2, "same")
    pd.testing.assert_frame_equal(one, resumed, check_exact=True)
    assert set(one.step) == {0, 3, 9}
    assert len(one) == 3 * 4 * 40
    # the kernel of one network, the other way round: prediction at angle 0 is not what is stored
    phi, psi = Erf(2.0), ErfDerivative(1.0)
    architecture = Architecture(2, 10, 1)
    block = initialise(architecture, network_generators(3, 10, [1]), torch.float32).to(
        torch.float64
    )
    x = torch.from_numpy(circle_problem(problem).inputs)
    row = empirical_kernel(architecture, block, x, x[20:21], phi, psi)[0, :, 0].numpy()
    stored = one[(one.network == 1) & (one.step == 0)].sort_values("angle").kernel.to_numpy()
    np.testing.assert_allclose(stored, row, rtol=1e-12, atol=1e-14)


def test_distances_find_the_kernel_that_made_the_networks(problem) -> None:
    experiment = validate(NTKExperiment, {**EXPERIMENT, "widths": [10]})
    predicted = predictions(problem, experiment)
    angles = np.sort(predicted.angle.unique())
    rng = np.random.default_rng(0)

    def ensemble(kernel: str, n: int = 400) -> pd.DataFrame:
        here = predicted[(predicted.kernel == kernel) & np.isinf(predicted.step)]
        mean = here.sort_values("angle")["mean"].to_numpy()
        f = mean + 0.3 * rng.normal(size=(n, len(angles)))
        return pd.DataFrame(
            {
                "network": np.repeat(np.arange(n), len(angles)),
                "angle": np.tile(angles, n),
                "output": f.ravel(),
                "slope": np.inf,
                "width": 10,
                "step": 9,
            }
        )

    for kernel in ("SG-NTK", "NNGP"):
        table = distances(ensemble(kernel), predicted, problem, 200)
        table = table[table["at"] == "convergence"].set_index("kernel")
        assert table.rms.idxmin() == kernel
        assert table.noise[kernel] == pytest.approx(0.3 / 20, rel=0.1)
        assert table.excess[kernel] < 0.01
        assert (table.excess_low <= table.excess).all()
        assert (table.excess <= table.excess_high).all()
        z = table.advantage_z["NNGP"]
        assert z > 5 if kernel == "SG-NTK" else z < -5
        assert table.advantage_z["SG-NTK"] == 0


def _ensemble(predicted: pd.DataFrame, widths: dict[int, tuple[float, float, float]], n: int):
    """Networks whose mean is off by a constant, and that scatter more than the flow predicts.

    ``widths``: offset of the mean, and excess standard deviation at training and test points.
    """
    rng = np.random.default_rng(0)
    here = predicted[(predicted.kernel == "SG-NTK") & (predicted.step == 9)]
    here = here.sort_values("angle")
    tables = []
    for width, (offset, *excess) in widths.items():
        spread = np.hypot(here["std"], np.where(here.train, *excess)).to_numpy()
        f = here["mean"].to_numpy() + offset + spread * rng.normal(size=(n, len(here)))
        columns = {
            "network": np.repeat(np.arange(n), len(here)),
            "angle": np.tile(here.angle, n),
            "output": f.ravel(),
        }
        tables.append(pd.DataFrame(columns).assign(slope=np.inf, width=width, step=9))
    return pd.concat(tables, ignore_index=True)


def test_spread_and_trends_are_those_that_were_put_in(problem) -> None:
    """Distance 3 n^-1/2, spread 2 n^-1/4 at training points and 1 at the others."""
    experiment = validate(NTKExperiment, EXPERIMENT)
    predicted = predictions(problem, experiment)
    assert predicted.groupby("train").angle.nunique().to_dict() == {False: 34, True: 6}
    widths = {n: (3 * n**-0.5, 2 * n**-0.25, 1.0) for n in (16, 81, 256)}
    networks = _ensemble(predicted, widths, 600)
    table = spreads(networks, predicted, problem, 300).set_index(["width", "points"])
    for width, (_, train, test) in widths.items():
        assert table.excess[width, "train"] == pytest.approx(train, rel=0.1)
        assert table.excess[width, "test"] == pytest.approx(test, rel=0.05)
        for points in ("train", "test"):
            row = table.loc[width, points]
            assert row.low < np.hypot(row.std_predicted, dict(train=train, test=test)[points])
            assert row.high > np.hypot(row.std_predicted, dict(train=train, test=test)[points])
    powers = trends(networks, predicted, problem, 300).set_index("quantity")
    for quantity, power in (("distance", -0.5), ("spread, train", -0.25), ("spread, test", 0.0)):
        row = powers.loc[quantity]
        assert row.low < power < row.high
        assert row.exponent == pytest.approx(power, abs=0.1)
    # networks that do as predicted have nothing left: the interval is open below
    right = _ensemble(predicted, {n: (0.0, 0.0, 0.0) for n in widths}, 100)
    powers = trends(right, predicted, problem, 300)
    assert np.isinf(powers.low).all()


def test_off_the_circle_the_transpose_is_another_kernel(problem, tmp_path) -> None:
    """Sign networks with one hidden layer follow the SG-NTK, not its transpose."""
    change = {"gaussian_inputs": 3, "widths": [300], "n_networks": 40, "block_size": 20}
    steps = {"record_steps": [0, 100]}
    experiment = validate(NTKExperiment, {**EXPERIMENT, **change, **steps})
    cells = [cell for job in experiment.jobs() for cell in job]
    networks = train_cells(problem, experiment, cells, tmp_path, 100, "a")
    assert set(networks.point.unique()) == set(range(40))
    predicted = predictions(problem, experiment)
    table = distances(networks, predicted, problem, 200)
    last = table[(table.step == 100) & (table["at"] == "same time")].set_index("kernel")
    assert set(last.index) == {"SG-NTK", "two-sided", "NNGP", "transposed", "symmetrised"}
    assert last.advantage_z["transposed"] > 4
    assert last.advantage_z["symmetrised"] > 3
    assert last.rms.idxmin() == "SG-NTK"


def test_growth_is_the_power_of_the_slope(problem) -> None:
    experiment = validate(KernelExperiment, {**SMOOTH, "surrogate": {"name": "true_derivative"}})
    analytic = analytic_rows(problem, experiment)
    rng = np.random.default_rng(0)
    tables = []
    for network in range(20):
        table = analytic[np.isfinite(analytic.slope)].copy()
        table["kernel"] = table.slope**1.5 * np.exp(0.1 * rng.normal())
        tables.append(table.assign(width=10, network=network, step=0))
    networks = pd.concat(tables, ignore_index=True)
    row = growth(networks, analytic, problem, experiment, 200).iloc[0]
    assert row.low < 1.5 < row.high
    assert row.exponent == pytest.approx(1.5, abs=0.1)
    assert (row.theory, row.n_networks) == (1, 20)
    k = analytic[(analytic.angle == 0) & np.isfinite(analytic.slope)].set_index("slope").kernel
    assert row.analytic == pytest.approx(np.log(k[5.0] / k[2.0]) / np.log(2.5))
    one = networks[networks.slope == 2.0]
    assert growth(one, analytic, problem, experiment, 100).empty


def test_errors_drift_and_exponents_of_known_kernels(problem) -> None:
    experiment = validate(KernelExperiment, SMOOTH)
    analytic = analytic_rows(problem, experiment)
    tables = []
    for width in (10, 40, 160):
        for network in range(5):
            for step in (0, 3, 9):
                table = analytic[np.isfinite(analytic.slope)].copy()
                # an error of 1 / sqrt(n) in every entry, and a relative change of step / n
                table["kernel"] = (table.kernel + 1 / np.sqrt(width)) * (1 + step / width)
                tables.append(table.assign(width=width, network=network, step=step))
    per_network = errors(pd.concat(tables, ignore_index=True), analytic)
    start = per_network[per_network.step == 0]
    np.testing.assert_allclose(start.squared_error, 1 / start.width, rtol=1e-10)
    np.testing.assert_allclose(per_network.drift, per_network.step / per_network.width, atol=1e-12)
    powers = exponents(per_network, "squared_error", problem, 100)
    before = powers[powers.step == 0]
    np.testing.assert_allclose(before.exponent, -1, atol=1e-9)
    np.testing.assert_allclose(before[["low", "high"]], -1, atol=1e-9)
    drift = exponents(per_network, "drift", problem, 100)
    assert set(drift.step) == {3, 9}
    np.testing.assert_allclose(drift.exponent, -1, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"surrogate": {"name": "true_derivative"}}, "cannot train with their true_derivative"),
        ({"record_steps": [3, 0]}, "must ascend"),
        ({"surrogate": {"name": "erf_derivative", "slop": 1.0}}, "slop"),
        ({"widths": [0]}, "widths"),
    ],
)
def test_bad_settings_are_named(change, message) -> None:
    with pytest.raises(ConfigError, match=message):
        validate(NTKExperiment, {**EXPERIMENT, **change})
