"""Rates of neurons at constant current, and of large random networks by mean-field theory.

docs/runaway.md explains it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

TAU = 0.02
CURRENT = 2.0
"""Mean input current of each neuron of a network."""
CRITICAL = 2 * math.sqrt(2)
"""Scale of random recurrent weights above which LIF rates have no finite mean-field solution."""

Rate = Callable[[np.ndarray], np.ndarray]


def lif_rate(current: np.ndarray) -> np.ndarray:
    """Spikes a second of a LIF neuron at constant current; (current - 1/2)/tau if that is large."""
    above = np.maximum(current, 1 + 1e-12)
    return np.where(current > 1, 1 / (TAU * np.log(above / (above - 1))), 0.0)


def refractory_rate(current: np.ndarray) -> np.ndarray:
    """The same of a LIF neuron with a refractory time of tau/5, below 5/tau at any current."""
    rate = lif_rate(current)
    return rate / (1 + rate * TAU / 5)


def qif_rate(current: np.ndarray) -> np.ndarray:
    """The same of a QIF neuron of either kind: it grows with the root of the current alone."""
    return np.sqrt(np.maximum(current - 0.25, 0.0)) / (math.pi * TAU)


def cut_rate(current: np.ndarray) -> np.ndarray:
    """The same of a QIF neuron that spikes at V = 3/2: it, too, grows with the root alone."""
    root = np.sqrt(np.maximum(current - 0.25, 1e-12))
    return np.where(current > 0.25, root / (TAU * (math.pi / 2 + np.arctan(1 / root))), 0.0)


RATES: dict[str, Rate] = {
    "lif": lif_rate,
    "lif_refractory": refractory_rate,
    "qif": qif_rate,
    "qif_cut": cut_rate,
    "qif_delta": qif_rate,
}


def mean_field(rate: Rate, scale: float) -> float:
    """Mean rate of a large network whose recurrent weights are N(0, scale²/n); inf if it diverges.

    A neuron's current is Gaussian, of variance (scale tau/2)² times the mean square of the rates.
    """
    nodes = np.linspace(-8.0, 8.0, 4001)
    weights = np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    variance = 0.0
    for _ in range(20_000):
        rates = rate(CURRENT + math.sqrt(variance) * nodes)
        new = (scale * TAU / 2) ** 2 * float(weights @ rates**2)
        if new > 1e12:
            return math.inf
        if abs(new - variance) <= 1e-12 * new:
            break
        variance = new
    return float(weights @ rates)
