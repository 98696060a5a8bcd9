"""Claims of arXiv 2405.15539, with their criteria; docs/claims.md gives the reasons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from spikegrad.claims import kernels
from spikegrad.claims.claim import Claim
from spikegrad.claims.comparison import Cases
from spikegrad.claims.estimates import Criterion
from spikegrad.claims.results import Tables
from spikegrad.ntk.constants import SYMMETRISED, TRANSPOSED

SG_NTK_PAPER = "2405.15539"

NETWORKS = 10
"""Fewest networks in an ensemble."""


def _exactly(find: Callable[[Tables], Cases]) -> Callable[..., Cases]:
    """``find`` for numbers that need no permutations."""
    return lambda tables, seed: find(tables)


SG_NTK_CLAIMS = (
    Claim(
        "naive-ntk-diverges",
        SG_NTK_PAPER,
        "For activation functions with jumps the NTK is ill-posed.",
        "power of the activation's slope with which the NTK's diagonal grows, minus L - 1",
        Criterion(">", -0.5, 1),
        _exactly(kernels.growth),
    ),
    Claim(
        "sg-ntk-converges",
        SG_NTK_PAPER,
        "With a surrogate derivative the kernel, the SG-NTK, is well defined.",
        "power of the activation's slope with which the SG-NTK's diagonal approaches its limit",
        Criterion("<", -0.5, 1),
        _exactly(kernels.approach),
    ),
    Claim(
        "sg-ntk-is-the-limit-of-width",
        SG_NTK_PAPER,
        "Kernels of finite networks converge to the SG-NTK as width grows.",
        "power of the width in the kernel's mean squared error, before training",
        Criterion("<", -0.5, NETWORKS),
        _exactly(partial(kernels.width_power, quantity="squared_error", step="first")),
    ),
    Claim(
        "sg-ntk-stays-constant",
        SG_NTK_PAPER,
        "The kernel stays constant during training as width grows.",
        "power of the width in the kernel's relative change by training",
        Criterion("<", -0.25, NETWORKS),
        _exactly(partial(kernels.width_power, quantity="drift", step="last")),
    ),
    Claim(
        "sg-ntk-describes-sign-networks",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks.",
        "distance of the trained networks' mean from SG-NTK regression, over the target's rms",
        Criterion("<", 0.1, NETWORKS),
        _exactly(kernels.distance),
    ),
    Claim(
        "sg-ntk-distance-falls",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks.",
        "power of the width in the distance of the trained networks' mean from the SG-NTK's flow",
        Criterion("<", -0.125, NETWORKS),
        _exactly(lambda tables: kernels.trend(tables, "distance")),
    ),
    Claim(
        "sg-ntk-describes-spread",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks.",
        "root of the difference of variances between single trained networks and the SG-NTK's "
        "flow, over the target's rms",
        Criterion("<", 0.1, NETWORKS),
        _exactly(kernels.spread),
    ),
    Claim(
        "sg-ntk-spread-falls",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks.",
        "power of the width in what single networks scatter more than the SG-NTK's flow",
        Criterion("<", -0.0625, NETWORKS),
        _exactly(lambda tables: kernels.trend(tables, "spread, train", "spread, test")),
    ),
    Claim(
        "sg-ntk-is-not-symmetric",
        SG_NTK_PAPER,
        "The SG-NTK has the derivative at the point of prediction, the surrogate at the training "
        "point.",
        "inputs of unequal norm: mean squared distance of the networks from the flow with the "
        "transposed or symmetrised kernel, minus that from the SG-NTK's",
        Criterion(">", 0.0, NETWORKS),
        _exactly(lambda tables: kernels.advantage(tables, "off_circle", TRANSPOSED, SYMMETRISED)),
    ),
    Claim(
        "sg-ntk-describes-best",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks, "
        "better than other kernels.",
        "mean squared distance of the networks from regression with the best other kernel, minus "
        "that from the SG-NTK",
        Criterion(">", 0.0, NETWORKS),
        _exactly(lambda tables: kernels.advantage(tables, "distances")),
    ),
)
