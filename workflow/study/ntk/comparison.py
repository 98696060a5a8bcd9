"""Trained networks beside regression with several kernels: which do they follow, how closely?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikegrad.ntk.activations import Erf
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.regression import kernel_flow
from spikegrad.seeds import numpy_generator
from study.config.ntk import NTKExperiment, NTKProblem
from study.ntk import build
from study.ntk.constants import (
    CONVERGENCE,
    NNGP,
    SAME_TIME,
    SG_NTK,
    SYMMETRISED,
    TRANSPOSED,
    TWO_SIDED,
)
from study.ntk.problem import Problem, Stream, problem_of
from study.statistics import TAILS
from study.storage.columns import Table, shared

Group = tuple[float, int, int]


PREDICTIONS_TABLE = Table(
    files=("ntk/*/predictions.parquet",),
    says="What infinitely wide networks would compute, if one of several kernels governed "
    "training.",
    columns={
        **shared("slope", "train"),
        "angle": "input on the circle, in radians",
        "point": "number of the input, where inputs are Gaussian",
        "mean": "of the outputs",
        "std": "their standard deviation",
        "kernel": "SG-NTK; two-sided, with the surrogate in both places; NNGP; transposed and "
        "symmetrised, of inputs of unequal norm",
        "step": "infinite is kernel regression",
    },
)
DISTANCES_TABLE = Table(
    files=("ntk/*/distances.csv",),
    says="How far the mean of networks is from these, over test points.",
    columns={
        **shared("slope", "width", "step", "seed", "n_networks"),
        "at": "after as many steps of the kernel's flow (same time), or from kernel regression "
        "(convergence)",
        "kernel": "as in predictions.parquet",
        "rms": "root mean square distance",
        "noise": "its value were the prediction right",
        "excess": "root of the difference of their squares",
        "excess_low": "lower end of its 95 % bootstrap interval over networks",
        "excess_high": "upper end",
        "advantage": "by how much the SG-NTK's mean squared distance is smaller",
        "advantage_se": "its standard error",
        "advantage_z": "their ratio",
    },
)
SPREADS_TABLE = Table(
    files=("ntk/*/spreads.csv",),
    says="How far single networks are from their mean.",
    columns={
        **shared("slope", "width", "step", "seed", "n_networks"),
        "points": "train or test",
        "std": "standard deviation over networks, root mean square over points",
        "low": "lower end of its 95 % bootstrap interval over networks",
        "high": "upper end",
        "std_predicted": "that of the SG-NTK's flow",
        "excess": "root of the difference of the squares",
    },
)
TRENDS_TABLE = Table(
    files=("ntk/*/trends.csv",),
    says="Powers of the width in these differences, after training.",
    columns={
        **shared("slope", "seed", "n_networks"),
        "quantity": "distance of the mean; spread, train; spread, test",
        "widths": "widths that there are",
        "exponent": "the power",
        "low": "lower end of its 95 % bootstrap interval over networks",
        "high": "upper end",
    },
)


def predictions(settings: NTKProblem, experiment: NTKExperiment) -> pd.DataFrame:
    """What infinitely wide networks would compute if one of several kernels governed training.

    One row per ``slope`` of the activation, ``kernel``, ``step`` (infinite: kernel regression) and
    ``angle`` or ``point``, which is one for training or not (``train``): ``mean`` and ``std`` of
    the outputs. The kernels: the SG-NTK; the two-sided one, with the surrogate in both places; the
    NNGP kernel, as if the last layer's weights alone learned; for inputs of unequal norm also the
    SG-NTK with its arguments exchanged, and the mean of the two.
    """
    problem = problem_of(settings, experiment)
    y = problem.targets[problem.train]
    tables = []
    for phi in map(build.activation, experiment.activations):
        choices = _kernels(settings, experiment, problem, phi)
        for (name, kernel), step in product(choices.items(), [*experiment.record_steps, np.inf]):
            time = settings.learning_rate * step
            flow = kernel_flow(kernel, choices[NNGP], problem.train, y, time)
            columns = {problem.place: problem.places, "mean": flow.mean, "std": flow.std}
            table = pd.DataFrame(columns).assign(slope=phi.slope, kernel=name, step=step)
            table["train"] = table.index.isin(problem.train)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _kernels(
    settings: NTKProblem, experiment: NTKExperiment, problem: Problem, phi: Erf
) -> dict[str, Array]:
    psi = build.surrogate(experiment.surrogate, phi)
    one_sided, two_sided = (
        build.kernels(
            settings,
            problem.inputs,
            None,
            experiment.hidden_layers + 1,
            phi,
            psi,
            derivative,
            experiment.output_scale,
        )
        for derivative in (phi.derivative, psi)
    )
    ntk = one_sided.ntk
    kernels = {SG_NTK: ntk, TWO_SIDED: two_sided.ntk, NNGP: one_sided.nngp}
    if experiment.gaussian_inputs:
        kernels |= {TRANSPOSED: ntk.T, SYMMETRISED: (ntk + ntk.T) / 2}
    return kernels


def distances(
    networks: pd.DataFrame, predicted: pd.DataFrame, settings: NTKProblem, n_resamples: int
) -> pd.DataFrame:
    """How far the mean of an ensemble is from what each kernel predicts, over the test points.

    One row per slope, width, step, kernel and ``at`` ("same time": after as many steps of the
    kernel's gradient flow; "convergence": kernel regression):

    ``rms``: root mean square distance; ``noise``: its value were the prediction right, due to the
    finite number of networks; ``excess``: root of the difference of their squares, an unbiased
    estimate's; ``excess_low``, ``excess_high``: its 95 % bootstrap interval over networks.

    ``advantage``: by how much the SG-NTK's mean squared distance is smaller than this kernel's. It
    is linear in the networks' outputs, so that the finite number biases it not at all and its
    standard error ``advantage_se`` is that of a mean over networks; ``advantage_z`` is their ratio.
    """
    rng = numpy_generator(settings.seed, Stream.BOOTSTRAP)
    rows = []
    for (slope, width, step), f in _outputs(networks):
        resampled = _resampled_means(f, n_resamples, rng)
        for at, time in ((SAME_TIME, step), (CONVERGENCE, np.inf)):
            means = _predicted(predicted, slope, time, "mean")
            for kernel, mean in means.items():
                rows.append(
                    {
                        "slope": slope,
                        "width": width,
                        "step": step,
                        "seed": settings.seed,
                        "n_networks": len(f),
                        "at": at,
                        "kernel": kernel,
                        **_distance(f, resampled, mean),
                        **_advantage(f, mean, means[SG_NTK]),
                    }
                )
    return pd.DataFrame(rows)


def spreads(
    networks: pd.DataFrame, predicted: pd.DataFrame, settings: NTKProblem, n_resamples: int
) -> pd.DataFrame:
    """How far single networks are from their mean, beside the SG-NTK flow's standard deviation.

    One row per slope, width, step and ``points`` ("train", "test"): root mean squares over these
    points of the networks' standard deviation, ``std``, with its 95 % bootstrap interval over
    networks ``low`` to ``high``, and of the predicted one, ``std_predicted``. ``excess``: root of
    the difference of the squares.
    """
    rng = numpy_generator(settings.seed, Stream.BOOTSTRAP)
    train = predicted.groupby(_place(predicted))["train"].first().to_numpy()
    rows = []
    for (slope, width, step), f in _outputs(networks):
        expected = _predicted(predicted, slope, step, "std")[SG_NTK]
        drawn = rng.integers(len(f), size=(n_resamples, len(f)))
        for points, chosen in (("train", train), ("test", ~train)):
            each = ((f - f.mean(axis=0))[:, chosen] ** 2).mean(axis=1) * len(f) / (len(f) - 1)
            # the mean stays: that of a resample would take a share 1 / n of the spread away
            low, high = np.quantile(each[drawn].mean(axis=1), TAILS)
            variance, wanted = each.mean(), (expected[chosen] ** 2).mean()
            rows.append(
                {
                    "slope": slope,
                    "width": width,
                    "step": step,
                    "seed": settings.seed,
                    "n_networks": len(f),
                    "points": points,
                    "std": np.sqrt(variance),
                    "low": np.sqrt(low),
                    "high": np.sqrt(high),
                    "std_predicted": np.sqrt(wanted),
                    "excess": np.sqrt(max(variance - wanted, 0)),
                }
            )
    return pd.DataFrame(rows)


def trends(
    networks: pd.DataFrame, predicted: pd.DataFrame, settings: NTKProblem, n_resamples: int
) -> pd.DataFrame:
    """Powers of the width in what trained networks and SG-NTK flow differ by, after training.

    One row per slope and ``quantity``: "distance" of the mean; what the spread is too large by at
    training points ("spread, train") and at the others ("spread, test"). ``exponent`` by least
    squares in the logarithms, with its 95 % bootstrap interval over the networks of each width. A
    square that chance makes negative counts as 0, and its power as minus infinity.
    """
    rng = numpy_generator(settings.seed, Stream.BOOTSTRAP)
    last = networks[networks["step"] == networks["step"].max()]
    train = predicted.groupby(_place(predicted))["train"].first().to_numpy()
    rows = []
    for slope, own in last.groupby("slope"):
        ensembles = {width: f for (_, width, _), f in _outputs(own)}
        if len(ensembles) < 2:
            continue
        step = own["step"].iloc[0]
        mean, std = (_predicted(predicted, slope, step, name)[SG_NTK] for name in ("mean", "std"))
        counts = {
            width: np.vstack(
                [np.ones(len(f)), rng.multinomial(len(f), [1 / len(f)] * len(f), size=n_resamples)]
            )
            for width, f in ensembles.items()
        }
        squares = np.stack(
            [_differences(ensembles[w], counts[w], mean, std, train) for w in ensembles], axis=-1
        )
        powers = _powers(np.array([*ensembles], float), squares)
        for quantity, power in zip(
            ("distance", "spread, train", "spread, test"), powers, strict=True
        ):
            low, high = np.quantile(power[1:], TAILS, method="inverted_cdf")
            rows.append(
                {
                    "slope": slope,
                    "quantity": quantity,
                    "seed": settings.seed,
                    "n_networks": min(map(len, ensembles.values())),
                    "widths": len(ensembles),
                    "exponent": power[0],
                    "low": low,
                    "high": high,
                }
            )
    return pd.DataFrame(rows)


def _differences(
    f: Array, counts: Array, mean: Array, std: Array, train: NDArray[np.bool_]
) -> Array:
    """Squares of the three quantities, [3, 1 + resamples]; ``counts`` [., networks], first of 1."""
    n = len(f)
    means = counts @ f / n
    variances = np.maximum(counts @ f**2 / n - means**2, 0) * n / (n - 1)
    noise = variances[0] / n
    # A resampled mean carries the noise twice: of the networks, and of drawing among them.
    noises = noise * np.where(np.arange(len(counts)) == 0, 1, 2)[:, None]
    variances[1:] *= n / (n - 1)  # drawing took its share
    return np.stack(
        [
            ((means - mean) ** 2 - noises).mean(axis=1),
            *((variances[:, at] - std[at] ** 2).mean(axis=1) for at in (train, ~train)),
        ]
    )


def _powers(widths: Array, squares: Array) -> Array:
    """Powers of the root of ``squares`` [..., widths]."""
    x = np.log(widths) - np.log(widths).mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.maximum(squares, 0)) / 2
        power = (logs * x).sum(-1) / (x**2).sum()
    return np.where(np.isfinite(power), power, -np.inf)


def _place(table: pd.DataFrame) -> str:
    return "angle" if "angle" in table else "point"


def _outputs(networks: pd.DataFrame) -> Iterator[tuple[Group, Array]]:
    """Slope, width and step, and outputs [networks, points], in order of places."""
    place = _place(networks)
    for key, group in networks.groupby(["slope", "width", "step"], sort=True):
        yield key, group.pivot_table(index="network", columns=place, values="output").to_numpy()


def _predicted(predicted: pd.DataFrame, slope: float, step: float, name: str) -> dict[str, Array]:
    """A column of each kernel's prediction, in order of places."""
    here = predicted[(predicted["slope"] == slope) & (predicted["step"] == step)]
    return {
        kernel: table.sort_values(_place(table))[name].to_numpy()
        for kernel, table in here.groupby("kernel")
    }


def _resampled_means(f: Array, n: int, rng: np.random.Generator) -> Array:
    """Means over networks drawn with replacement, [n, points]."""
    counts = rng.multinomial(len(f), np.full(len(f), 1 / len(f)), size=n)
    return np.asarray(counts @ f / len(f))


def _distance(f: Array, resampled: Array, prediction: Array) -> dict[str, float]:
    noise = (f.var(axis=0, ddof=1) / len(f)).mean()
    squared = ((f.mean(axis=0) - prediction) ** 2).mean()
    # A resampled mean carries the noise twice: of the networks, and of drawing among them.
    draws = ((resampled - prediction) ** 2).mean(axis=1) - 2 * noise
    low, high = np.quantile(draws, TAILS)
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
