"""The style that all figures share, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from spikegrad.files import atomic

plt.rcParams.update(
    {
        "figure.constrained_layout.use": True,
        "font.size": 9,
        "axes.titlesize": 9,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "savefig.dpi": 200,
        "svg.hashsalt": "spikegrad",  # so that the same figure is the same file
    }
)

# Okabe and Ito's colours, which colour-blind readers tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

# A neuron model has the same colour in every figure.
NEURON_COLOURS = {"lif": COLOURS[1], "qif": COLOURS[0]}


def save(figure: Figure, files: Iterable[str]) -> None:
    """Write ``figure`` to each of ``files``, in the format of its suffix, and close it."""
    for name in files:
        # no dates in the file: the same figure is the same file
        metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(name.split(".")[-1])
        with atomic(name) as part:
            figure.savefig(part, metadata=metadata)
    plt.close(figure)
