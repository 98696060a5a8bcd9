"""Trained networks beside regression with several kernels: which do they follow, how closely?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikegrad.ntk.activations import Erf
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.regression import kernel_flow
from spikegrad.seeds import numpy_generator
from study.config.ntk import Ensemble
from study.intervals import TAILS, exponents
from study.ntk import (
    CONVERGENCE,
    NNGP,
    SAME_TIME,
    SG_NTK,
    SYMMETRISED,
    TRANSPOSED,
    TWO_SIDED,
    build,
)


def predictions(experiment: Ensemble) -> pd.DataFrame:
    """What each kernel's gradient flow and regression say, for each slope, step and point."""
    problem = build.problem_of(experiment)
    y = problem.targets[problem.train]
    tables = []
    for phi in map(build.activation, experiment.activations):
        choices = _kernels(experiment, problem.inputs, phi)
        for (name, kernel), step in product(choices.items(), [*experiment.record_steps, np.inf]):
            time = build.LEARNING_RATE * step
            flow = kernel_flow(kernel, choices[NNGP], problem.train, y, time)
            columns = {problem.place: problem.places, "mean": flow.mean, "std": flow.std}
            table = pd.DataFrame(columns).assign(slope=phi.slope, kernel=name, step=step)
            table["train"] = table.index.isin(problem.train)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _kernels(experiment: Ensemble, x: Array, phi: Erf) -> dict[str, Array]:
    psi = build.surrogate(experiment.surrogate, phi)
    depth, scale = experiment.hidden_layers + 1, experiment.output_scale
    nngp, ntk = sg_ntk(x, None, depth, phi, psi, output_scale=scale)
    two_sided = sg_ntk(x, None, depth, phi, psi, psi, output_scale=scale, get="ntk")
    kernels = {SG_NTK: ntk, TWO_SIDED: two_sided, NNGP: nngp}
    if experiment.gaussian_inputs:
        kernels |= {TRANSPOSED: ntk.T, SYMMETRISED: (ntk + ntk.T) / 2}
    return kernels


def distances(networks: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """How far the mean of an ensemble is from what each kernel predicts, over the test points."""
    rng = numpy_generator(build.SEED, build.Stream.BOOTSTRAP)
    rows = []
    for names, f in _ensembles(networks):
        resampled = rng.multinomial(len(f), np.full(len(f), 1 / len(f)), size=build.RESAMPLES)
        resampled_means = resampled @ f / len(f)
        for at, time in ((SAME_TIME, names["step"]), (CONVERGENCE, np.inf)):
            means = _predicted(predicted, names["slope"], time, "mean")
            for kernel, mean in means.items():
                measures = _distance(f, resampled_means, mean) | _advantage(f, mean, means[SG_NTK])
                rows.append({**names, "at": at, "kernel": kernel, **measures})
    return pd.DataFrame(rows)


def spreads(networks: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """How far single networks are from their mean, beside the SG-NTK flow's standard deviation."""
    rng = numpy_generator(build.SEED, build.Stream.BOOTSTRAP)
    train = predicted.groupby(_place(predicted))["train"].first().to_numpy()
    rows = []
    for names, f in _ensembles(networks):
        expected = _predicted(predicted, names["slope"], names["step"], "std")[SG_NTK]
        drawn = rng.integers(len(f), size=(build.RESAMPLES, len(f)))
        for points, chosen in (("train", train), ("test", ~train)):
            each = ((f - f.mean(axis=0))[:, chosen] ** 2).mean(axis=1) * len(f) / (len(f) - 1)
            # the mean stays: that of a resample would take a share 1 / n of the spread away
            low, high = np.quantile(each[drawn].mean(axis=1), TAILS)
            variance, wanted = each.mean(), (expected[chosen] ** 2).mean()
            squares = {"std": variance, "low": low, "high": high, "std_predicted": wanted}
            squares["excess"] = max(variance - wanted, 0)
            roots = {name: np.sqrt(square) for name, square in squares.items()}
            rows.append({**names, "points": points, **roots})
    return pd.DataFrame(rows)


QUANTITIES = ("distance", "spread, train", "spread, test")


def trends(networks: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Powers of the width in what trained networks and SG-NTK flow differ by, after training.

    By least squares in the logarithms. No rows where there is one width only.
    """
    rng = numpy_generator(build.SEED, build.Stream.BOOTSTRAP)
    last = networks[networks["step"] == networks["step"].max()]
    train = predicted.groupby(_place(predicted))["train"].first().to_numpy()
    rows = []
    for slope, own in last.groupby("slope"):
        ensembles = {names["width"]: f for names, f in _ensembles(own)}
        if len(ensembles) < 2:
            continue
        step = own["step"].iloc[0]
        mean, std = (_predicted(predicted, slope, step, name)[SG_NTK] for name in ("mean", "std"))
        squares = []
        for f in ensembles.values():
            drawn = rng.multinomial(len(f), [1 / len(f)] * len(f), size=build.RESAMPLES)
            counts = np.vstack([np.ones(len(f)), drawn])
            squares.append(_differences(f, counts, mean, std, train))
        powers = _powers(np.array([*ensembles], float), np.stack(squares, axis=-1))
        n_networks = min(map(len, ensembles.values()))
        for quantity, power in zip(QUANTITIES, powers, strict=True):
            interval = np.quantile(power[1:], TAILS, method="inverted_cdf")
            names = slope, quantity, build.SEED, n_networks, len(ensembles)
            rows.append((*names, power[0], *interval))
    columns = ["slope", "quantity", "seed", "n_networks", "widths", "exponent", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


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
    power = exponents(widths, np.sqrt(np.maximum(squares, 0)))
    return np.where(np.isfinite(power), power, -np.inf)


def _place(table: pd.DataFrame) -> str:
    return "angle" if "angle" in table else "point"


def _ensembles(networks: pd.DataFrame) -> Iterator[tuple[dict[str, Any], Array]]:
    """Columns that name an ensemble, and its outputs [networks, points], in order of places."""
    for (slope, width, step), group in networks.groupby(["slope", "width", "step"]):
        table = group.pivot_table(index="network", columns=_place(group), values="output")
        names = {"slope": slope, "width": width, "step": step, "seed": build.SEED}
        yield names | {"n_networks": len(table)}, table.to_numpy()


def _predicted(predicted: pd.DataFrame, slope: float, step: float, name: str) -> dict[str, Array]:
    """A column of each kernel's prediction, in order of places."""
    here = predicted[(predicted["slope"] == slope) & (predicted["step"] == step)]
    return {
        kernel: table.sort_values(_place(table))[name].to_numpy()
        for kernel, table in here.groupby("kernel")
    }


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


def comparison(networks: pd.DataFrame, experiment: Ensemble) -> dict[str, pd.DataFrame]:
    """A trained ensemble beside regression with the SG-NTK and with other kernels."""
    predicted = predictions(experiment)
    return {
        "predictions": predicted,
        "distances": distances(networks, predicted),
        "spreads": spreads(networks, predicted),
        "trends": trends(networks, predicted),
    }
