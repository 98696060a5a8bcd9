"""Why LIF networks run away and QIF networks cannot: theory, simulations, and the study's runs.

python experiments/runaway.py results/heidelberg-digits docs/results/heidelberg-digits \
    docs/images/runaway.png

Reads the searches' trials and the final networks' snapshots of the study, and writes to the second
folder runaway_rates.csv (simulated random networks beside mean-field theory) and
runaway_gains.csv (how much trained recurrent weights amplify activity, by epoch). docs/runaway.md.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikegrad import SpikeOverflowError, SpikeTrains, SpikingLayer
from spikegrad.layers import assign
from spikegrad.report.style import NEURON_STYLES, letter, neuron_label, save
from spikegrad.seeds import numpy_generator
from spikegrad.storage.tables import read_table, write_table
from spikegrad.storage.tensors import load_tensors
from spikegrad.training.run import by_epoch

TAU = 0.02
NEURONS = 200
WEIGHTS, INPUT = range(2)  # purposes of random numbers
SECONDS = 1.0
INPUT_RATE, INPUT_WEIGHT = 2000.0, 0.1  # of Poisson spikes to each neuron: a mean current of 2
CURRENT = INPUT_WEIGHT * INPUT_RATE * TAU / 2
LIMIT = 3000  # spikes of a neuron in a trial, a runaway
SCALES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.25, 2.5, 2.7, 2.9, 3.5, 5.0, 8.0, 15.0)
CURRENTS = np.geomspace(0.3, 30.0, 13)
CRITICAL = 2 * math.sqrt(2)
"""Scale of random recurrent weights above which LIF rates have no finite mean-field solution."""

Rate = Callable[[np.ndarray], np.ndarray]


def lif_rate(current: np.ndarray) -> np.ndarray:
    """Spikes a second of a LIF neuron at constant current; (current - 1/2)/tau if that is large."""
    above = np.maximum(current, 1 + 1e-12)
    return np.where(current > 1, 1 / (TAU * np.log(above / (above - 1))), 0.0)


def qif_rate(current: np.ndarray) -> np.ndarray:
    """The same of a QIF neuron of either kind: it grows with the root of the current alone."""
    return np.sqrt(np.maximum(current - 0.25, 0.0)) / (math.pi * TAU)


RATES: dict[str, Rate] = {"lif": lif_rate, "qif": qif_rate, "qif_delta": qif_rate}


def mean_field(rate: Rate, scale: float, current: float = CURRENT) -> float:
    """Mean rate of a large network whose recurrent weights are N(0, scale²/n); inf if it diverges.

    A neuron's current is Gaussian, of variance (scale tau/2)² times the mean square of the rates.
    """
    nodes = np.linspace(-8.0, 8.0, 4001)
    weights = np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    variance = 0.0
    for _ in range(20_000):
        rates = rate(current + math.sqrt(variance) * nodes)
        new = (scale * TAU / 2) ** 2 * float(weights @ rates**2)
        if new > 1e12:
            return math.inf
        if abs(new - variance) <= 1e-12 * new:
            break
        variance = new
    return float(weights @ rates)


def random_weights(n: int, seed: int) -> np.ndarray:
    """Recurrent weights [n, n] of scale 1."""
    return numpy_generator(seed, WEIGHTS).normal(size=(n, n)) / n**0.5


@torch.no_grad()
def simulated(neuron: str, recurrent: np.ndarray, seed: int) -> float:
    """Mean rate of a network with the weights ``recurrent`` [n, n] on Poisson input, in the second
    half of a trial; inf if it runs away."""
    n, rng = len(recurrent), numpy_generator(seed, INPUT)
    counts = rng.poisson(INPUT_RATE * SECONDS, n)
    times = rng.uniform(0, SECONDS, counts.sum())
    units = np.repeat(np.arange(n), counts)
    unit = 0.5 if neuron == "qif_delta" else 1.0  # a delta synapse moves twice the charge
    layer = SpikingLayer(
        n, n, neuron, tau=TAU, recurrent=True, dtype=torch.float64, max_spikes=LIMIT
    )
    assign(layer, "weight", unit * INPUT_WEIGHT * torch.eye(n, dtype=torch.float64))
    assign(layer, "recurrent_weight", unit * torch.from_numpy(recurrent))
    try:
        spikes = layer(SpikeTrains.from_arrays([times], [units], SECONDS))
    except SpikeOverflowError:
        return math.inf
    return int((spikes.times > SECONDS / 2).sum()) / n / (SECONDS / 2)


@torch.no_grad()
def single(neuron: str, current: float) -> float:
    """Spikes a second of one neuron of the engine with a constant drive of ``current``."""
    layer = SpikingLayer(1, 1, neuron, TAU, dtype=torch.float64, max_spikes=50_000, drive=current)
    assign(layer, "weight", torch.zeros(1, 1, dtype=torch.float64))
    times = layer(SpikeTrains.from_arrays([[0.0]], [[0]], 10.0)).times
    return float((len(times) - 1) / (times[-1] - times[0])) if len(times) > 1 else 0.0


def gain(recurrent: np.ndarray, seed: int = 0) -> float:
    """By how much LIF activity that no input supports comes back through ``recurrent`` [n, n].

    Far above threshold a LIF neuron's rate is its current over tau, and a spike of weight w a
    current of w tau/2 on average. So rates x follow tau x' = -x + [recurrentᵀ x / 2]+, and the
    gain is 1 plus the rate of the fastest growth (per tau): above 1, the network runs away.
    """
    rng, step = numpy_generator(seed), 0.1
    fastest = 0.0
    for _ in range(5):
        x = rng.uniform(size=len(recurrent))
        growth = []
        for _ in range(2000):
            new = x + step * (np.maximum(recurrent.T @ x / 2, 0.0) - x)
            size = np.linalg.norm(new)
            growth.append(math.log(size / np.linalg.norm(x)))
            x = new / size
        fastest = max(fastest, 1 + math.expm1(float(np.mean(growth[1000:]))) / step)
    return fastest


def rates() -> pd.DataFrame:
    """Single neurons and random networks of the engine, each beside its theory."""
    rows = []
    for neuron, rate in RATES.items():
        for current in CURRENTS:
            theory = float(rate(np.array(current)))
            rows.append((neuron, "current", current, 0, single(neuron, current), theory))
        for scale in SCALES:
            theory = mean_field(rate, scale)
            for seed in range(3):
                weights = scale * random_weights(NEURONS, seed)
                rate_found = simulated(neuron, weights, seed)
                rows.append((neuron, "scale", scale, seed, rate_found, theory))
    return pd.DataFrame(rows, columns=["neuron", "of", "value", "seed", "rate", "theory"])


def gains(training: Path) -> pd.DataFrame:
    """Of each final LIF network and each of its snapshots, the gain of the recurrent weights."""
    rows = []
    files = (training / "lif").glob("*/outcome.json")
    for file in sorted(files, key=lambda path: int(path.parent.name)):
        outcome = json.loads(file.read_text())["outcome"]
        spikes = read_table(file.with_name("history.parquet")).set_index("epoch")
        tensors, _ = load_tensors(file.with_name("snapshots.safetensors"))
        for epoch, weights in by_epoch(tensors, "epoch").items():
            found = gain(weights["hidden.0.recurrent_weight"].double().numpy())
            active = spikes.loc[epoch, "spikes_per_neuron"]
            rows.append((file.parent.name, epoch, found, active, outcome))
    return pd.DataFrame(rows, columns=["seed", "epoch", "gain", "spikes_per_neuron", "outcome"])


def draw_rates(panels: list[Axes], table: pd.DataFrame) -> None:
    axis = {"current": np.geomspace(0.3, 30, 200), "scale": np.linspace(0, 15, 151)}
    for panel, of in zip(panels, axis, strict=True):
        for neuron, own in table[table["of"] == of].groupby("neuron", sort=False):
            colour, label = NEURON_STYLES[neuron].colour, neuron_label(neuron)
            done = own[np.isfinite(own["rate"])]
            panel.plot(done["value"], done["rate"], "o", ms=4, mfc="none", c=colour, label=label)
            rate = RATES[neuron]
            theory = rate(axis[of]) if of == "current" else [mean_field(rate, g) for g in axis[of]]
            panel.plot(axis[of], theory, lw=1.2, color=colour)
    panels[0].set(xscale="log", yscale="log", ylim=(2, 2000))
    panels[0].set(xlabel="constant current (thresholds of LIF)", ylabel="spikes per second")
    panels[1].axvline(CRITICAL, color="0.6", lw=0.8, ls=":")
    panels[1].set(yscale="log", ylim=(10, 3000), xlabel="scale of random recurrent weights")
    panels[0].legend()


def draw_trials(panel: Axes, trials: pd.DataFrame) -> None:
    for neuron in ("qif", "lif"):
        own = trials[trials["neuron"] == neuron]
        at_once = (own["outcome"] == "overflow") & (own["presentations"] == 0)
        for mark, some in (("o", own[own["outcome"] == "finished"]), ("x", own[at_once])):
            panel.plot(
                some["network.init.recurrent_scale"], some["validation_accuracy"].fillna(0.0), mark,
                ms=4, mfc="none", color=NEURON_STYLES[neuron].colour,
            )  # fmt: skip
    panel.axvline(CRITICAL, color="0.6", lw=0.8, ls=":")
    panel.set(xscale="log", xlabel="initial scale of recurrent weights")
    panel.set_ylabel("validation accuracy of a trial")


def draw_gains(panel: Axes, table: pd.DataFrame) -> None:
    for (_, outcome), own in table.groupby(["seed", "outcome"]):
        colour = NEURON_STYLES["lif"].colour if outcome == "finished" else "k"
        panel.plot(own["epoch"], own["gain"], lw=1.0, color=colour)
    panel.axhline(1.0, color="0.6", lw=0.8, ls=":")
    panel.set(xlabel="epoch", ylabel="gain of the recurrent weights (LIF)")


def draw(table: pd.DataFrame, trials: pd.DataFrame, trained: pd.DataFrame) -> Figure:
    """The figure of docs/runaway.md."""
    figure, panels = plt.subplots(2, 2, figsize=(8.5, 6.5))
    draw_rates(list(panels[0]), table)
    draw_trials(panels[1, 0], trials)
    draw_gains(panels[1, 1], trained)
    letter(panels.flat)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results of config/heidelberg.yaml's study")
    parser.add_argument("target", type=Path, help="folder for the two tables")
    parser.add_argument("figure", help="file for the figure")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tables = {"runaway_rates": rates(), "runaway_gains": gains(options.results / "training")}
    for name, table in tables.items():
        write_table(table, options.target / f"{name}.csv", digits=6)
    trials = read_table(*sorted(options.results.glob("search/*/*/trials.parquet")))
    save(draw(tables["runaway_rates"], trials, tables["runaway_gains"]), [options.figure])


if __name__ == "__main__":
    main()
