"""Do wide spiking networks learn as their kernels do?

Networks of one hidden layer of n neurons and one output f learn targets of -1 and 1 by full-batch
gradient descent, of half the mean square of f - y. Each matrix has a rate of its own, so that its
part of the kernel neither grows nor falls with n: 1 for the input's weights, 1 / n for recurrent
ones and the readout's, whose weights fall as 1 / sqrt(n) ("ntk"). In the "mean field" the readout's
weights fall as 1 / n (recurrent ones still as 1 / sqrt(n)), and hidden layers' rates are n times as
large, so that single neurons still move. Beside them stands descent in function space with the
network's own kernel at the start.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from spikegrad.autograd import NotFiniteError
from spikegrad.network import Network
from spikegrad.network_settings import NetworkSettings
from spikegrad.ntk.spiking import jacobian
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains
from study.config.joining import Joining
from study.data.dataset import SpikeDataset
from study.jobs import with_progress
from study.joining.twin import Twin
from study.landscape.objective import FAILURES
from study.statistics import power_t_interval
from study.storage.columns import Table, shared

RECORDED = 9
"""Steps of a training that are kept, the first and the last among them."""

GROWING_TABLE = Table(
    files=("joining/growing.csv", "joining/growing/*/*.parquet"),
    says="Networks of growing width, and the descent of their first kernel.",
    columns={
        **shared("neuron", "width", "network", "step"),
        "rule": "by which gradients it learns: exact, surrogate",
        "scaling": "how its readout falls with its width: ntk, mean field",
        "loss": "half the mean square of the error on training samples",
        "kernel_loss": "the same of the kernel's descent",
        "distance": "root of the mean square of the difference of both on other samples; targets "
        "are -1 and 1",
        "drift": "norm of the kernel's change since the start, over its norm then",
        "spikes_per_neuron": "mean over samples, those of training and others, and neurons",
        "ran_away": "the step at which it ran away, if it did; nothing is known from there on",
    },
)


POWERS_TABLE = Table(
    files=("joining/growing_powers.csv",),
    says="Powers of the width that these follow at the end.",
    columns={
        **shared("neuron", "n_networks"),
        "ran_away": "networks, of any width, that ran away; their numbers are left out at all",
        "rule": GROWING_TABLE.columns["rule"],
        "scaling": GROWING_TABLE.columns["scaling"],
        "quantity": "column of growing.csv",
        "exponent": "by least squares in the logarithms of geometric means over networks",
        "low": "lower end of its 95 % t interval over networks",
        "high": "upper end",
    },
)


def powers(table: pd.DataFrame) -> pd.DataFrame:
    """The table growing_powers of the table growing."""
    end = table["step"].max()
    rows = []
    for (neuron, rule, scaling), own in table.groupby(["neuron", "rule", "scaling"], sort=False):
        last = own[(own["step"] == end) & own["ran_away"].isna()]
        lost = own.groupby(["network", "width"])["ran_away"].max().notna().sum()
        for quantity in ("drift", "distance"):
            values = last.pivot_table(index="network", columns="width", values=quantity).dropna()
            widths, found = values.columns.to_numpy(float), values.to_numpy()
            power = (math.nan, math.nan, math.nan)
            if len(found) > 1 and len(widths) > 1:
                power = power_t_interval(widths, found)
            rows.append((neuron, rule, scaling, quantity, *power, len(found), lost))
    names = ["neuron", "rule", "scaling", "quantity", "exponent", "low", "high"]
    return pd.DataFrame(rows, columns=[*names, "n_networks", "ran_away"])


def task(data: SpikeDataset, n: int, seed: int) -> tuple[SpikeTrains, Tensor]:
    """``2 n`` samples of the first two classes, half of them for training, and their targets."""
    draw = generator(seed, n)
    own = [torch.nonzero(data.labels == label).flatten() for label in (0, 1)]
    own = [one[torch.randperm(len(one), generator=draw)[:n]] for one in own]
    if min(map(len, own)) < n:
        raise ValueError(
            f"joining.growing.samples is {n}, but a class has only {min(map(len, own))} training "
            "samples; lower it"
        )
    order = torch.stack(own, 1).flatten()  # classes alternate
    return data.spikes.select(order), 2.0 * data.labels[order].double() - 1.0


def growing(
    settings: NetworkSettings,
    neuron: str,
    width: int,
    least: int,
    data: SpikeDataset,
    options: Joining,
    seed: int,
) -> pd.DataFrame:
    """Rows of the table growing: all networks of a width, of which the study's ``least`` is the
    one where scalings and rates of learning agree."""
    growth = options.growing
    assert growth is not None  # else no job asks
    spikes, targets = task(data, growth.samples, seed)
    cells = list(product(growth.rules, growth.scalings, range(growth.networks)))
    rows = []
    for rule, scaling, number in with_progress(cells, len(cells), "networks"):
        network = start(settings, neuron, width, least, scaling, data, spikes, seed, number)
        key: dict[str, Any] = {"neuron": neuron, "rule": rule, "scaling": scaling}
        key |= {"width": width, "network": number}
        found = descend(network, rule, rates(network, scaling, least), spikes, targets, options)
        rows += [{**key, **row} for row in found]
    return pd.DataFrame(rows)


def start(
    settings: NetworkSettings,
    neuron: str,
    width: int,
    least: int,
    scaling: str,
    data: SpikeDataset,
    spikes: SpikeTrains,
    *purpose: int,
) -> Network:
    """An untrained network of one output, of a width and scaling; at the ``least`` width these
    agree."""
    network = Network(
        settings.model_copy(update={"layers": (width,)}), data.n_units, 1, neuron,
        torch.float64,
    )  # fmt: skip
    network.initialise(spikes, generator(*purpose, width))
    if scaling == "mean field":
        with torch.no_grad():
            network.weights["readout.weight"].mul_((least / width) ** 0.5)
    return network


def rates(network: Network, scaling: str, least: int) -> list[float]:
    """Of each weight matrix, in order; all are 1 at the ``least`` width."""
    n = network.settings.layers[0] / least
    hidden = n if scaling == "mean field" else 1.0
    own = {"hidden.0.weight": hidden, "hidden.0.recurrent_weight": hidden / n}
    return [own.get(name, 1 / n) for name in network.weights]


def descend(
    network: Network,
    rule: str,
    factors: list[float],
    spikes: SpikeTrains,
    targets: Tensor,
    options: Joining,
) -> list[dict[str, Any]]:
    """Train ``network`` on the first half of ``spikes``, beside its kernel's descent; ``factors``
    are :func:`rates` of its weights.

    A step along a surrogate gradient may go uphill, and a network run away: then its rows end.
    """
    growth = options.growing
    assert growth is not None
    n, width = len(spikes) // 2, network.settings.layers[0]
    train, wanted = spikes[:n], targets[:n]
    twin = Twin(network, options.step)
    backward = twin.exact if rule == "exact" else twin.surrogate(options.surrogates[0])
    try:
        first = _kernel(twin, backward, factors, spikes, n)
        with torch.no_grad():
            kernel_f = twin.exact(spikes)[:, 0]
    except FAILURES:
        return [{"step": 0, "ran_away": 0.0}]
    eta = growth.rate * n / float(torch.linalg.eigvals(first[:n]).abs().max())
    kept = set(np.linspace(0, growth.steps, RECORDED).round().astype(int).tolist())
    rows: list[dict[str, Any]] = []
    ran_away = math.nan
    for step in range(growth.steps + 1):
        try:
            if not all(bool(weights.isfinite().all()) for weights in twin.parameters):
                raise NotFiniteError
            if step in kept:
                with torch.no_grad():
                    output = network(spikes)
                drift = _kernel(twin, backward, factors, spikes, n) - first
                drifted = float(drift.norm() / first.norm())
                rows.append({"step": step, **_row(output, width, kernel_f, wanted, drifted)})
            with torch.no_grad():
                error = twin.exact(train)[:, 0] - wanted
            found = torch.autograd.grad(backward(train), twin.parameters, error[:, None] / n)
        except FAILURES:
            ran_away = float(step)
            break
        with torch.no_grad():
            for parameter, factor, own in zip(twin.parameters, factors, found, strict=True):
                parameter.sub_(eta * factor * own)
        kernel_f = kernel_f - eta / n * first @ (kernel_f[:n] - wanted)
    return [{**row, "ran_away": ran_away} for row in rows]


def _row(
    output: Any, width: int, kernel_f: Tensor, wanted: Tensor, drift: float
) -> dict[str, float]:
    """What a network answers, beside its kernel's descent; samples beyond ``wanted`` are others."""
    f, n, hidden = output.logits[:, 0], len(wanted), output.hidden[0]
    return {
        "loss": float((f[:n] - wanted).square().mean() / 2),
        "kernel_loss": float((kernel_f[:n] - wanted).square().mean() / 2),
        "distance": float((f[n:] - kernel_f[n:]).square().mean().sqrt()),
        "drift": drift,
        "spikes_per_neuron": len(hidden.times) / (len(hidden) * width),
    }


def _kernel(twin: Twin, backward: Any, factors: list[float], spikes: SpikeTrains, n: int) -> Tensor:
    """Of all samples with the ``n`` of training, [n_samples, n], matrices weighted by their rates:
    exact at the first, ``backward`` at the second."""
    sizes = zip(twin.parameters, factors, strict=True)
    weights = torch.cat([torch.full((p.numel(),), f, dtype=torch.float64) for p, f in sizes])
    left = jacobian(twin.exact, twin.parameters, spikes)[:, 0]
    right = left[:n]
    if backward != twin.exact:
        right = jacobian(backward, twin.parameters, spikes[:n])[:, 0]
    return left * weights @ right.T
