"""Finite networks' kernels beside the analytic one: error and drift against width."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spikegrad.ntk.activations import Sign
from spikegrad.ntk.quadrature import Array
from spikegrad.seeds import numpy_generator
from study.config.ntk import KernelExperiment, NTKProblem
from study.ntk import build
from study.ntk.problem import Stream, circle_problem
from study.statistics import TAILS
from study.storage.columns import Table, shared

ANALYTIC_TABLE = Table(
    files=("ntk/*/analytic.parquet",),
    says="The kernel of infinitely wide networks with the input at angle 0.",
    columns={
        **shared("slope"),
        "angle": "input on the circle, in radians",
        "kernel": "its value",
    },
)
ERRORS_TABLE = Table(
    files=("ntk/*/errors.parquet",),
    says="Finite networks' kernels beside it, over all angles.",
    columns={
        **shared("slope", "width", "network", "step"),
        "squared_error": "mean square of the difference",
        "drift": "norm of the kernel's change since the start, over its norm then",
    },
)
MEAN_ERRORS_TABLE = Table(
    files=("ntk/*/mean_errors.csv",),
    says="The same, means over networks.",
    columns={
        **shared("slope", "width", "step"),
        "squared_error": "mean square of the difference",
        "drift": "norm of the kernel's change since the start, over its norm then",
    },
)
EXPONENTS_TABLE = Table(
    files=("ntk/*/exponents.csv",),
    says="Powers of the width.",
    columns={
        **shared("slope", "step", "seed", "n_networks"),
        "quantity": "column of errors.parquet",
        "exponent": "by least squares in the logarithms",
        "low": "lower end of its 95 % bootstrap interval over networks",
        "high": "upper end",
        "constant": "value at width 1",
    },
)
GROWTH_TABLE = Table(
    files=("ntk/*/growth.csv",),
    says="How the kernel at angle 0 grows with the activation's slope.",
    columns={
        **shared("width", "seed", "n_networks"),
        "exponent": "power of the slope between the two steepest",
        "low": "lower end of its 95 % bootstrap interval over networks",
        "high": "upper end",
        "analytic": "the same of infinitely wide networks",
        "theory": "the limit of the NTK, hidden layers",
    },
)


def analytic_rows(settings: NTKProblem, experiment: KernelExperiment) -> pd.DataFrame:
    """The analytic kernel with the point at angle 0, per ``slope`` and ``angle``.

    Also for the infinite slope: there, the SG-NTK's limit is finite, the NTK's infinite at angle 0.
    """
    problem = circle_problem(settings)
    middle = problem.inputs[len(problem.inputs) // 2 :][:1]
    activations = [build.activation(spec) for spec in experiment.activations]
    tables = []
    for phi in (*activations, Sign()):
        kernels = build.kernels(
            settings,
            problem.inputs,
            middle,
            experiment.hidden_layers + 1,
            phi,
            build.surrogate(experiment.surrogate, phi),
            output_scale=experiment.output_scale,
        )
        columns = {"angle": problem.places, "kernel": kernels.ntk[:, 0]}
        tables.append(pd.DataFrame(columns).assign(slope=phi.slope))
    return pd.concat(tables, ignore_index=True)


def errors(networks: pd.DataFrame, analytic: pd.DataFrame) -> pd.DataFrame:
    """Per ``slope``, ``width``, ``network`` and ``step``, over the angles:

    ``squared_error``: mean square of the network's kernel minus the analytic one; ``drift``: norm
    of the kernel's change since the first record, relative to the kernel's norm then.
    """
    table = networks.merge(analytic, on=["slope", "angle"], suffixes=("", "_analytic"))
    start = table[table.step == table.step.min()]
    same = ["slope", "width", "network", "angle"]
    table = table.merge(start[[*same, "kernel"]], on=same, suffixes=("", "_start"))
    table["squared_error"] = (table.kernel - table.kernel_analytic) ** 2
    table["change"] = (table.kernel - table.kernel_start) ** 2
    table["norm"] = table.kernel_start**2
    keys = ["slope", "width", "network", "step"]
    sums = table.groupby(keys)[["squared_error", "change", "norm"]].mean().reset_index()
    sums["drift"] = np.sqrt(sums.change / sums.norm)
    return sums[[*keys, "squared_error", "drift"]]


def exponents(
    per_network: pd.DataFrame, quantity: str, settings: NTKProblem, n_resamples: int
) -> pd.DataFrame:
    """The power of the width that ``quantity``'s mean over networks follows, per slope and step.

    Least squares in the logarithms: ``exponent``, ``constant`` (at width 1), and the exponent's
    95 % bootstrap interval over networks, ``low`` to ``high``.
    """
    rng = numpy_generator(settings.seed, Stream.BOOTSTRAP)
    rows = []
    positive = per_network[per_network[quantity] > 0]
    for (slope, step), group in positive.groupby(["slope", "step"]):
        values = group.pivot_table(index="network", columns="width", values=quantity)
        widths = values.columns.to_numpy(float)
        if len(widths) < 2:
            continue
        table = values.to_numpy()
        exponent, constant = _power_law(widths, table.mean(axis=0))
        drawn = rng.integers(len(table), size=(n_resamples, *table.shape))
        means = np.take_along_axis(table[None], drawn, axis=1).mean(axis=1)
        low, high = np.quantile([_power_law(widths, mean)[0] for mean in means], TAILS)
        rows.append(
            {
                "quantity": quantity,
                "slope": slope,
                "step": step,
                "seed": settings.seed,
                "n_networks": len(table),
                "exponent": exponent,
                "low": low,
                "high": high,
                "constant": constant,
            }
        )
    return pd.DataFrame(rows)


def growth(
    networks: pd.DataFrame,
    analytic: pd.DataFrame,
    settings: NTKProblem,
    experiment: KernelExperiment,
    n_resamples: int,
) -> pd.DataFrame:
    """How the kernel K(x, x) of untrained networks, at angle 0, grows with the activation's slope.

    One row per ``width``: the power of the slope between the two steepest, ``exponent``, of the
    mean over networks, with its 95 % bootstrap interval over networks, ``low`` to ``high``;
    ``analytic``: the same of infinitely wide networks; ``theory``: its limit for the NTK, L - 1. No
    rows where there is one slope only.
    """
    rng = numpy_generator(settings.seed, Stream.BOOTSTRAP)
    at_0 = networks[(networks.step == networks.step.min()) & (networks.angle == 0)]
    steepest = sorted(networks.slope.unique())[-2:]
    exact = analytic[analytic.angle == 0].set_index("slope").kernel
    columns = ["width", "seed", "n_networks", "exponent", "low", "high", "analytic", "theory"]
    rows = []
    for width, own in at_0.groupby("width"):
        if len(steepest) < 2:
            continue
        ends = [own[own.slope == slope].kernel.to_numpy() for slope in steepest]
        ratio = np.log(steepest[1] / steepest[0])

        def power(values: list[Array], ratio: float = ratio) -> Array:
            return np.log(values[1].mean(-1) / values[0].mean(-1)) / ratio

        drawn = [k[rng.integers(len(k), size=(n_resamples, len(k)))] for k in ends]
        low, high = np.quantile(power(drawn), TAILS)
        wide = np.log(exact[steepest[1]] / exact[steepest[0]]) / ratio
        n_networks = min(map(len, ends))
        row = width, settings.seed, n_networks, float(power(ends)), low, high, wide
        rows.append((*row, experiment.hidden_layers))
    return pd.DataFrame(rows, columns=columns)


def _power_law(widths: Array, values: Array) -> tuple[float, float]:
    exponent, intercept = np.polyfit(np.log(widths), np.log(values), 1)
    return float(exponent), float(np.exp(intercept))
