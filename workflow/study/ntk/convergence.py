"""Finite networks' kernels beside the analytic one: error and drift against width."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spikegrad.ntk.activations import Sign
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.seeds import numpy_generator
from study.config.ntk import KernelExperiment
from study.intervals import TAILS, exponents, power_interval
from study.ntk import build

QUANTITIES = ("squared_error", "drift")
"""What is compared by width."""


def analytic_rows(experiment: KernelExperiment) -> pd.DataFrame:
    """The analytic kernel with the point at angle 0, per slope and angle.

    Also for the infinite slope: there, the SG-NTK's limit is finite, the NTK's infinite at angle 0.
    """
    problem = build.circle_problem()
    activations = [build.activation(spec) for spec in experiment.activations]
    tables = []
    for phi in (*activations, Sign()):
        kernel = sg_ntk(
            problem.inputs,
            problem.middle,
            experiment.hidden_layers + 1,
            phi,
            build.surrogate(experiment.surrogate, phi),
            output_scale=experiment.output_scale,
            get="ntk",
        )
        columns = {"angle": problem.places, "kernel": kernel[:, 0]}
        tables.append(pd.DataFrame(columns).assign(slope=phi.slope))
    return pd.concat(tables, ignore_index=True)


def errors(networks: pd.DataFrame, analytic: pd.DataFrame) -> pd.DataFrame:
    """Error and drift over all angles, for each slope, width, network and step."""
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


def width_exponents(per_network: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """The power of the width that ``quantity``'s mean over networks follows, per slope and step."""
    rng = numpy_generator(build.SEED, build.Stream.BOOTSTRAP)
    rows = []
    positive = per_network[per_network[quantity] > 0]
    for (slope, step), group in positive.groupby(["slope", "step"]):
        values = group.pivot_table(index="network", columns="width", values=quantity)
        widths = values.columns.to_numpy(float)
        if len(widths) < 2:
            continue
        table = values.to_numpy()
        exponent = float(exponents(widths, table.mean(axis=0)))
        low, high = power_interval(widths, table, rng, build.RESAMPLES)
        rows.append((quantity, slope, step, build.SEED, len(table), exponent, low, high))
    names = ("quantity", "slope", "step", "seed", "n_networks", "exponent", "low", "high")
    return pd.DataFrame(rows, columns=names)


def growth(networks: pd.DataFrame, experiment: KernelExperiment) -> pd.DataFrame:
    """How the mean over networks of K(x, x) grows with the slope; no rows where there is one."""
    rng = numpy_generator(build.SEED, build.Stream.BOOTSTRAP)
    at_0 = networks[(networks.step == networks.step.min()) & (networks.angle == 0)]
    columns = ["width", "seed", "n_networks", "exponent", "low", "high", "theory"]
    slopes = sorted(networks.slope.unique())
    if len(slopes) < 2:
        return pd.DataFrame(columns=columns)
    low, high = slopes[-2:]

    def power(at_low: Any, at_high: Any) -> Any:
        return np.log(at_high / at_low) / np.log(high / low)

    rows = []
    for width, own in at_0.groupby("width"):
        ends = [own[own.slope == slope].kernel.to_numpy() for slope in (low, high)]
        drawn = [k[rng.integers(len(k), size=(build.RESAMPLES, len(k)))].mean(axis=1) for k in ends]
        interval = np.quantile(power(*drawn), TAILS)
        row = width, build.SEED, min(map(len, ends))
        found = power(*(k.mean() for k in ends))
        rows.append((*row, found, *interval, experiment.hidden_layers))
    return pd.DataFrame(rows, columns=columns)


def kernels(networks: pd.DataFrame, experiment: KernelExperiment) -> dict[str, pd.DataFrame]:
    """Finite networks' kernels beside the analytic kernel."""
    analytic = analytic_rows(experiment)
    per_network = errors(networks, analytic)
    powers = pd.concat(width_exponents(per_network, name) for name in QUANTITIES)
    means = per_network.groupby(["slope", "width", "step"])[list(QUANTITIES)].mean()
    return {
        "analytic": analytic,
        "errors": per_network,
        "mean_errors": means.reset_index(),
        "exponents": powers,
        "growth": growth(networks, experiment),
    }
