"""A word's loss along a line through kept networks, nearer and nearer.

``python -m study.report.zoom docs/results/pairs docs/images/zoom.png`` draws it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from spikegrad.network import load_network
from spikegrad.spikes import SpikeTrains
from study.report.study_tables import StudyTables
from study.style import NEURON_COLOURS, neuron_label, panels, save

REACHES = 10.0 ** -np.arange(2, 7)
POINTS = 201


def along(network: torch.nn.Module, sample: SpikeTrains, label: int) -> Callable[[float], float]:
    """The loss in nats by the relative distance along a random line, the same for networks with
    equally many weights."""
    network.double()
    weights = parameters_to_vector(network.parameters()).detach()
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(len(weights), generator=generator, dtype=torch.float64)
    direction *= weights.norm() / direction.norm()

    @torch.no_grad()
    def loss(x: float) -> float:
        vector_to_parameters(weights + x * direction, network.parameters())
        return float(cross_entropy(network(sample).logits, torch.tensor([label])))

    return loss


def zoomed(loss: Callable[[float], float]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each of REACHES points around 0, then around the steepest step of the points before, as
    distances from there [POINTS], and the ``loss`` there [POINTS]."""
    centre = 0.0
    for reach in REACHES:
        x = reach * np.linspace(-1, 1, POINTS)
        losses = np.array([loss(centre + float(step)) for step in x])
        yield x, losses
        steepest = np.abs(np.diff(losses)).argmax()
        centre += x[steepest : steepest + 2].mean()


def draw(study: Path) -> Figure:
    """A row for each neuron model's first kept network of the published ``study``."""
    word = np.load(study / "networks/word.npz")
    sample = SpikeTrains.from_arrays(
        [word["times"]], [word["units"]], float(word["duration"]), [word["counts"]]
    )
    label = list(word["class_names"]).index(str(word["word"]))
    files = {name.rpartition("_")[0]: name for name in StudyTables(study).networks}
    neurons = StudyTables(study).neurons
    figure, grid = panels(len(neurons), len(REACHES), (1.65, 1.5), sharey="row")
    for row, neuron in zip(grid, neurons, strict=True):
        network, _ = load_network(study / files[f"networks/{neuron}"])
        levels = zip(row, REACHES, zoomed(along(network, sample, label)), strict=True)
        for axes, reach, (x, losses) in levels:
            axes.plot(x / reach, losses, ".", ms=1.5, color=NEURON_COLOURS[neuron])
            axes.set(xticks=[-1, 0, 1], xticklabels=["", "", ""])
        row[0].set_ylabel(f"{neuron_label(neuron)}\nloss (nats)")
    for axes, reach in zip(grid[0], REACHES, strict=True):
        axes.set_title(f"± $10^{{{np.log10(reach):.0f}}}$")
    figure.supxlabel("relative distance from the steepest step of the panel before")
    return figure


if __name__ == "__main__":
    save(draw(Path(sys.argv[1])), [sys.argv[2]])
