"""Trained networks beside regression with three kernels: which one do they follow?"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from spikegrad.config.ntk import NTKExperiment, NTKProblem
from spikegrad.ntk import problem as build
from spikegrad.ntk.activations import Erf
from spikegrad.ntk.problem import Problem, Stream, circle_problem, stream
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.regression import kernel_flow

SG_NTK, TWO_SIDED, NNGP = "SG-NTK", "two-sided", "NNGP"


def predictions(settings: NTKProblem, experiment: NTKExperiment) -> pd.DataFrame:
    """What infinitely wide networks would compute if one of three kernels governed training.

    One row per ``slope`` of the activation, ``kernel``, ``step`` (infinite: kernel regression) and
    ``angle``: ``mean`` and ``std`` of the outputs. The kernels: the SG-NTK; the two-sided one, with
    the surrogate in both places; the NNGP kernel, as if the last layer's weights alone learned.
    """
    problem = circle_problem(settings)
    y = problem.targets[problem.train]
    tables = []
    for phi in map(build.activation, experiment.activations):
        choices = _kernels(settings, experiment, problem, phi)
        for (name, kernel), step in product(choices.items(), [*experiment.record_steps, np.inf]):
            time = settings.learning_rate * step
            flow = kernel_flow(kernel, choices[NNGP], problem.train, y, time)
            columns = {"angle": problem.angles, "mean": flow.mean, "std": flow.std}
            tables.append(pd.DataFrame(columns).assign(slope=phi.slope, kernel=name, step=step))
    return pd.concat(tables, ignore_index=True)


def _kernels(
    settings: NTKProblem, experiment: NTKExperiment, problem: Problem, phi: Erf
) -> dict[str, Array]:
    psi = build.surrogate(experiment.surrogate, phi)
    one_sided, two_sided = (
        build.kernels(
            settings,
            problem.inputs,
            problem.inputs,
            experiment.hidden_layers + 1,
            phi,
            psi,
            derivative,
            experiment.output_scale,
        )
        for derivative in (phi.derivative, psi)
    )
    return {SG_NTK: one_sided.ntk, TWO_SIDED: two_sided.ntk, NNGP: one_sided.nngp}


def distances(
    networks: pd.DataFrame, predicted: pd.DataFrame, settings: NTKProblem, n_resamples: int
) -> pd.DataFrame:
    """How far the mean of an ensemble is from what each kernel predicts, over the test angles.

    One row per slope, width, step, kernel and ``at`` ("same time": after as many steps of the
    kernel's gradient flow; "convergence": kernel regression):

    ``rms``: root mean square distance; ``noise``: its value were the prediction right, due to the
    finite number of networks; ``excess``: root of the difference of their squares, an unbiased
    estimate's; ``excess_low``, ``excess_high``: its 95 % bootstrap interval over networks.

    ``advantage``: by how much the SG-NTK's mean squared distance is smaller than this kernel's. It
    is linear in the networks' outputs, so that the finite number biases it not at all and its
    standard error ``advantage_se`` is that of a mean over networks; ``advantage_z`` is their ratio.
    """
    rng = stream(settings.seed, Stream.BOOTSTRAP)
    keys = ["slope", "width", "step"]
    rows = []
    for (slope, width, step), group in networks.groupby(keys, sort=True):
        f = group.pivot_table(index="network", columns="angle", values="output").to_numpy()
        resampled = _resampled_means(f, n_resamples, rng)
        for at, time in (("same time", step), ("convergence", np.inf)):
            here = predicted[(predicted.slope == slope) & (predicted.step == time)]
            means = here.pivot_table(index="kernel", columns="angle", values="mean")
            for kernel, mean in zip(means.index, means.to_numpy(), strict=True):
                rows.append(
                    {
                        **dict(zip(keys, (slope, width, step), strict=True)),
                        "seed": settings.seed,
                        "n_networks": len(f),
                        "at": at,
                        "kernel": kernel,
                        **_distance(f, resampled, mean),
                        **_advantage(f, mean, means.loc[SG_NTK].to_numpy()),
                    }
                )
    return pd.DataFrame(rows)


def _resampled_means(f: Array, n: int, rng: np.random.Generator) -> Array:
    """Means over networks drawn with replacement, [n, angles]."""
    counts = rng.multinomial(len(f), np.full(len(f), 1 / len(f)), size=n)
    return np.asarray(counts @ f / len(f))


def _distance(f: Array, resampled: Array, prediction: Array) -> dict[str, float]:
    noise = (f.var(axis=0, ddof=1) / len(f)).mean()
    squared = ((f.mean(axis=0) - prediction) ** 2).mean()
    # A resampled mean carries the noise twice: of the networks, and of drawing among them.
    draws = ((resampled - prediction) ** 2).mean(axis=1) - 2 * noise
    low, high = np.quantile(draws, [0.025, 0.975])
    signed = {"excess": squared - noise, "excess_low": low, "excess_high": high}
    return {
        "rms": float(np.sqrt(squared)),
        "noise": float(np.sqrt(noise)),
        **{name: float(np.sqrt(max(value, 0))) for name, value in signed.items()},
    }


def _advantage(f: Array, prediction: Array, best: Array) -> dict[str, float]:
    each = ((f - prediction) ** 2 - (f - best) ** 2).mean(axis=1)
    se = each.std(ddof=1) / np.sqrt(len(f))
    z = each.mean() / se if se > 0 else 0.0  # the SG-NTK beside itself
    return {"advantage": each.mean(), "advantage_se": se, "advantage_z": z}
