"""Statements of our own about what joins both papers; docs/claims.md gives the reasons."""

from __future__ import annotations

from functools import partial

from study.claims import spiking_kernels as measured
from study.claims.claim import CHOSEN, Claim, Statement
from study.claims.estimates import Criterion
from study.joining import UNSTABLE_BELOW

BOTH = "2606.03935, 2405.15539"
NETWORKS = 3
"""Fewest units that say something of trained networks."""

_statement = partial(Statement, paper=BOTH)
_claim = partial(Claim, since=CHOSEN)

PREDICTION = _statement(
    "prediction",
    short="kernels predict what steps of QIF networks do",
    text="to first order, the exact kernel and the SG-NTK of a QIF network predict what exact and "
    "surrogate steps do to its loss",
    unit="power of the step's length",
)
MISSED = _statement(
    "missed",
    short="what LIF's kernel misses are spikes that appear or vanish",
    text="what the kernel of a LIF network misses of a step lies in the samples in which spikes "
    "appear or vanish",
    unit="log10 of how many times more is missed there",
)
NEARNESS = _statement(
    "nearness",
    short="some surrogate is nearly exact",
    text="there is a surrogate whose gradients nearly are the exact ones, of LIF and of QIF "
    "networks",
    unit="cosine",
)
UNSTABLE = _statement(
    "instability",
    short="the SG-NTK has eigenvalues with negative real parts",
    text="with the surrogate nearest to the exact gradient, the SG-NTK of trained networks has "
    "eigenvalues with negative real parts",
    unit="least real part over the largest size",
)
LAZINESS = _statement(
    "laziness",
    short="wide networks learn as their kernels do",
    text="spiking networks learn as their first kernel does as their width grows, if their readout "
    "falls as 1/√n",
    unit="power of the width",
)
BENEFIT = _statement(
    "benefit",
    short="exact gradients perform better than surrogate ones",
    text="networks trained by exact gradients perform better than those trained by surrogate "
    "gradients, after searches of equal size",
    unit="points, exact − surrogate",
)
JOINING_STATEMENTS = (PREDICTION, MISSED, NEARNESS, UNSTABLE, LAZINESS, BENEFIT)

JOINING_CLAIMS = (
    _claim(
        "kernels-predict-steps",
        PREDICTION,
        "power of a step's length that what the kernel misses follows at the shortest steps",
        Criterion(">", 1.5, NETWORKS),
        measured.residual_power,
        ("qif: exact steps", "qif: surrogate steps"),
    ),
    _claim(
        "missed-where-spikes-change",
        MISSED,
        "how many times more the kernel misses of a sample's loss where the number of some "
        "neuron's spikes changes than where none does, log10",
        Criterion(">", 1.0, NETWORKS),
        measured.changed_ratio,
        ("lif: exact steps",),
    ),
    _claim(
        "surrogates-nearly-exact",
        NEARNESS,
        "cosine of exact and surrogate gradients of trained networks' hidden weights",
        Criterion(">", 0.9, NETWORKS),
        measured.nearest_cosine,
        (f"lif: {measured.NEAREST}*", f"qif: {measured.NEAREST}*"),
    ),
    _claim(
        "sg-ntk-unstable-in-spiking-networks",
        UNSTABLE,
        "least real part of the eigenvalues over their largest size",
        Criterion("<", UNSTABLE_BELOW, NETWORKS),
        measured.least_eigenvalue,
        (f"lif: {measured.NEAREST}*", f"qif: {measured.NEAREST}*"),
    ),
    _claim(
        "kernels-rest-in-wide-networks",
        LAZINESS,
        "power of the width in the kernel's relative change by training",
        Criterion("<", -0.25, NETWORKS),
        partial(measured.width_power, quantity="drift"),
        ("lif: exact, ntk", "qif: exact, ntk"),
    ),
    _claim(
        "kernels-describe-wide-networks",
        LAZINESS,
        "power of the width in the distance of networks from their first kernel's descent, on "
        "samples that they do not train on",
        Criterion("<", -0.25, NETWORKS),
        partial(measured.width_power, quantity="distance"),
        ("lif: exact, ntk", "qif: exact, ntk"),
    ),
    _claim(
        "exact-beats-surrogate",
        BENEFIT,
        "test accuracy, exact minus surrogate gradients, of the winners of searches of equal size",
        Criterion(">", 0.0, NETWORKS),
        measured.accuracy_gain,
        ("lif: *", "qif: *"),
    ),
)
