"""The claims, with their criteria; docs/claims.md gives the reasons for each number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from spikegrad.claims import kernels, spiking
from spikegrad.claims.estimates import Criterion, Estimate
from spikegrad.claims.tables import Tables
from spikegrad.landscape.terms import JUMP

QIF_PAPER = "2606.03935"
SG_NTK_PAPER = "2405.15539"

SEEDS = 5
"""Fewest seeds of each group: with 5 beside 5 a permutation test can reach p = 0.008."""
NETWORKS = 10
"""Fewest networks in an ensemble."""


@dataclass(frozen=True)
class Claim:
    """One statement of an abstract, and what decides about it.

    Attributes
    ----------
    name
        Identifies the claim in tables.
    paper
        arXiv number.
    statement
        What the abstract says.
    measure
        The number that it is judged by.
    criterion
        Where that number must lie.
    reads
        Names of the tables it comes from.
    estimate
        Computes it from the tables and a seed of the bootstrap, for each case.
    """

    name: str
    paper: str
    statement: str
    measure: str
    criterion: Criterion
    reads: tuple[str, ...]
    estimate: Callable[[Tables, int], dict[str, Estimate]]


def _exactly(find: Callable[[Tables], dict[str, Estimate]]) -> Callable[..., dict[str, Estimate]]:
    """``find`` for numbers that need no bootstrap."""
    return lambda tables, seed: find(tables)


CLAIMS = (
    Claim(
        "qif-outperforms-lif",
        QIF_PAPER,
        "After a thorough hyperparameter search for both, QIF networks perform better than LIF "
        "networks.",
        "test accuracy, QIF minus LIF, after searches of equal size",
        Criterion(">", 0.0, SEEDS),
        ("runs", "trials"),
        spiking.accuracy_gain,
    ),
    Claim(
        "lif-discontinuous",
        QIF_PAPER,
        "Loss landscapes of LIF networks are discontinuous.",
        "largest jump of a sample's loss, bracketed to 1e-13 of ‖θ‖, LIF (nats)",
        Criterion(">", JUMP, 1),
        ("runs", "census"),
        spiking.jump_of_lif,
    ),
    Claim(
        "qif-continuous",
        QIF_PAPER,
        "Loss landscapes of QIF networks are continuous.",
        "largest jump of a sample's loss where spikes change their order, QIF (nats)",
        Criterion("<", JUMP, 100),
        ("runs", "census"),
        spiking.jumps_of_qif,
    ),
    Claim(
        "lif-fragmented-lines",
        QIF_PAPER,
        "Loss landscapes of LIF networks are more fragmented.",
        "local minima of the loss on a line at the finest resolution, LIF over QIF",
        Criterion(">", 1.0, SEEDS),
        ("runs", "lines"),
        spiking.minima,
    ),
    Claim(
        "lif-fragmented-planes",
        QIF_PAPER,
        "Loss landscapes of LIF networks are more fragmented.",
        "separate parts of a plane below a level of the loss, mean over levels, LIF over QIF",
        Criterion(">", 1.0, SEEDS),
        ("runs", "planes"),
        spiking.parts,
    ),
    Claim(
        "lif-gradients-turn",
        QIF_PAPER,
        "Gradients of LIF networks are more erratic.",
        "mean cosine between the gradients at a network and within a distance of "
        f"{spiking.NEAR:g} ‖θ‖, QIF minus LIF",
        Criterion(">", 0.0, SEEDS),
        ("runs", "nearby"),
        spiking.cosine,
    ),
    Claim(
        "lif-gradients-mislead",
        QIF_PAPER,
        "Gradients of LIF networks are more erratic.",
        "share of the change of the loss along a line that the gradient misses, LIF minus QIF",
        Criterion(">", 0.0, SEEDS),
        ("runs", "lines"),
        spiking.missed_change,
    ),
    Claim(
        "jumps-are-order-changes",
        QIF_PAPER,
        "These features arise from changes of the temporal order of spikes.",
        "of the places where a LIF network's loss jumps, the share where spikes, or a spike and "
        "an input, change their order",
        Criterion(">", 0.5, SEEDS),
        ("runs", "changes"),
        spiking.share_of_swaps,
    ),
    Claim(
        "order-changes-often-break",
        QIF_PAPER,
        "Changes of the order of spikes often cause spikes to appear or disappear.",
        "of all changes of order in LIF networks, the share at which a spike appears, vanishes "
        "or jumps",
        Criterion(">", 0.05, SEEDS),
        ("runs", "census"),
        spiking.breaking_swaps,
    ),
    Claim(
        "jumps-by-disappearance",
        QIF_PAPER,
        "Changes of the order of spikes often cause spikes to appear or disappear.",
        "of the changes of order at which a LIF network's loss jumps, the share at which spikes "
        "appear or vanish, rather than move",
        Criterion(">", 0.5, SEEDS),
        ("runs", "changes"),
        spiking.disappearances,
    ),
    Claim(
        "disappearances-disrupt",
        QIF_PAPER,
        "The appearance or disappearance of a spike disrupts the activity that follows.",
        "further spikes that appear, vanish or jump where a LIF network's loss jumps",
        Criterion(">", 1.0, SEEDS),
        ("runs", "changes"),
        spiking.cascade,
    ),
    Claim(
        "lif-fall-silent",
        QIF_PAPER,
        "During training neurons of LIF networks fall permanently silent.",
        "share of LIF neurons that spiked earlier but in no epoch of training's last quarter",
        Criterion(">", 0.01, SEEDS),
        ("runs", "histories"),
        spiking.silenced,
    ),
    Claim(
        "lif-fall-silent-more",
        QIF_PAPER,
        "During training neurons of LIF networks fall permanently silent, those of QIF "
        "networks do not.",
        "the same share, LIF minus QIF",
        Criterion(">", 0.0, SEEDS),
        ("runs", "histories"),
        spiking.silenced_more,
    ),
    Claim(
        "naive-ntk-diverges",
        SG_NTK_PAPER,
        "For activation functions with jumps the NTK is ill-posed.",
        "power of the activation's slope with which the NTK's diagonal grows, minus L - 1",
        Criterion(">", -0.5, 1),
        ("diagonals", "growth"),
        _exactly(kernels.growth),
    ),
    Claim(
        "sg-ntk-converges",
        SG_NTK_PAPER,
        "With a surrogate derivative the kernel, the SG-NTK, is well defined.",
        "power of the activation's slope with which the SG-NTK's diagonal approaches its limit",
        Criterion("<", -0.5, 1),
        ("diagonals",),
        _exactly(kernels.approach),
    ),
    Claim(
        "sg-ntk-is-the-limit-of-width",
        SG_NTK_PAPER,
        "Kernels of finite networks converge to the SG-NTK as width grows.",
        "power of the width in the kernel's mean squared error, before training",
        Criterion("<", -0.5, NETWORKS),
        ("exponents",),
        _exactly(partial(kernels.width_power, quantity="squared_error", step="first")),
    ),
    Claim(
        "sg-ntk-stays-constant",
        SG_NTK_PAPER,
        "The kernel stays constant during training as width grows.",
        "power of the width in the kernel's relative change by training",
        Criterion("<", -0.25, NETWORKS),
        ("exponents",),
        _exactly(partial(kernels.width_power, quantity="drift", step="last")),
    ),
    Claim(
        "sg-ntk-describes-sign-networks",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks.",
        "distance of the trained networks' mean from SG-NTK regression, over the target's rms",
        Criterion("<", 0.1, NETWORKS),
        ("distances", "problem"),
        _exactly(kernels.distance),
    ),
    Claim(
        "sg-ntk-distance-falls",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks.",
        "power of the width in the distance of the trained networks' mean from the SG-NTK's flow",
        Criterion("<", -0.125, NETWORKS),
        ("trends",),
        _exactly(lambda tables: kernels.trend(tables, "distance")),
    ),
    Claim(
        "sg-ntk-describes-spread",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks.",
        "root of the difference of variances between single trained networks and the SG-NTK's "
        "flow, over the target's rms",
        Criterion("<", 0.1, NETWORKS),
        ("spreads", "problem"),
        _exactly(kernels.spread),
    ),
    Claim(
        "sg-ntk-spread-falls",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks.",
        "power of the width in what single networks scatter more than the SG-NTK's flow",
        Criterion("<", -0.0625, NETWORKS),
        ("trends",),
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
        ("off_circle",),
        _exactly(
            lambda tables: kernels.advantage(tables, "off_circle", "transposed", "symmetrised")
        ),
    ),
    Claim(
        "sg-ntk-describes-best",
        SG_NTK_PAPER,
        "Regression with the SG-NTK describes surrogate gradient learning in sign networks, "
        "better than other kernels.",
        "mean squared distance of the networks from regression with the best other kernel, minus "
        "that from the SG-NTK",
        Criterion(">", 0.0, NETWORKS),
        ("distances",),
        _exactly(lambda tables: kernels.advantage(tables, "distances")),
    ),
)
