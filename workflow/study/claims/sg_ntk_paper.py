"""Statements and claims of arXiv 2405.15539; docs/claims.md gives the reasons."""

from __future__ import annotations

from functools import partial

from study.claims import kernels
from study.claims.claim import CHOSEN, Claim, Statement
from study.claims.estimates import Criterion
from study.ntk import SYMMETRISED, TRANSPOSED

NETWORKS = 10
"""Fewest networks in an ensemble."""
MAIN = ("two_hidden, * | *",)
"""The ensemble of the paper's main figure."""

_statement = partial(Statement, paper="2405.15539")
DIVERGENCE = _statement(
    "divergence",
    quote="ill-posed in the infinite-width limit",
    short="the NTK of activations with jumps diverges",
    text="the NTK of activation functions with jumps is ill-posed, since it diverges",
    unit="power of slope, beyond L − 1",
)
LIMIT = _statement(
    "limit",
    quote="we generalize the NTK to gradient descent with surrogate derivatives",
    short="the SG-NTK is well defined",
    text="with a surrogate derivative the kernel, the SG-NTK, is well defined",
    unit="power of slope",
)
WIDTH = _statement(
    "width",
    quote="and expand the existing key theorems on the NTK",
    short="kernels of networks approach it as width grows",
    text="kernels of finite networks converge to the SG-NTK as width grows",
    unit="power of width",
)
CONSTANCY = _statement(
    "constancy",
    quote="and expand the existing key theorems on the NTK",
    short="it stays constant during training",
    text="the kernel stays constant during training as width grows",
    unit="power of width",
)
REGRESSION = _statement(
    "regression",
    quote="a good characterization of SGL",
    short="regression with it describes sign networks",
    text="regression with the SG-NTK describes surrogate gradient learning in networks with sign "
    "activation",
    unit="of the target's rms",
)
BEYOND = _statement(
    "",
    quote="",
    short="",
    text="(not in the abstract) the SG-NTK describes it better than other kernels",
    unit="",
)
SG_NTK_STATEMENTS = (DIVERGENCE, LIMIT, WIDTH, CONSTANCY, REGRESSION)


SG_NTK_CLAIMS = (
    Claim(
        "naive-ntk-diverges",
        DIVERGENCE,
        "power of the activation's slope with which the NTK's diagonal grows, minus L - 1",
        Criterion(">", -0.5, 1),
        kernels.ntk_growth,
        ("closed form*", "gradients of*"),
    ),
    Claim(
        "sg-ntk-converges",
        LIMIT,
        "power of the activation's slope with which the SG-NTK's diagonal approaches its limit",
        Criterion("<", -0.5, 1),
        kernels.sg_ntk_convergence,
        ("*",),
    ),
    Claim(
        "sg-ntk-is-the-limit-of-width",
        WIDTH,
        "power of the width in the kernel's mean squared error, before training",
        Criterion("<", -0.5, NETWORKS),
        partial(kernels.width_power, quantity="squared_error", last=False),
        ("*",),
    ),
    Claim(
        "sg-ntk-stays-constant",
        CONSTANCY,
        "power of the width in the kernel's relative change by training",
        Criterion("<", -0.25, NETWORKS),
        partial(kernels.width_power, quantity="drift", last=True),
        ("*",),
    ),
    Claim(
        "sg-ntk-describes-sign-networks",
        REGRESSION,
        "distance of the trained networks' mean from SG-NTK regression, over the target's rms",
        Criterion("<", 0.1, NETWORKS),
        kernels.regression_distance,
        MAIN,
        CHOSEN,
    ),
    Claim(
        "sg-ntk-distance-falls",
        REGRESSION,
        "power of the width in the distance of the trained networks' mean from the SG-NTK's flow",
        Criterion("<", -0.125, NETWORKS),
        partial(kernels.width_trend, quantities=["distance"]),
        MAIN,
        CHOSEN,
    ),
    Claim(
        "sg-ntk-describes-spread",
        REGRESSION,
        "root of the size of the difference of variances between single trained networks and the "
        "SG-NTK's flow, over the target's rms",
        Criterion("<", 0.1, NETWORKS),
        kernels.spread_excess,
    ),
    Claim(
        "sg-ntk-spread-falls",
        REGRESSION,
        "power of the width in what single networks scatter more than the SG-NTK's flow",
        Criterion("<", -0.0625, NETWORKS),
        partial(kernels.width_trend, quantities=["spread, train", "spread, test"]),
    ),
    Claim(
        "sg-ntk-is-not-symmetric",
        BEYOND,
        "inputs of unequal norm: mean squared distance of the networks from the flow with the "
        "transposed or symmetrised kernel, minus that from the SG-NTK's",
        Criterion(">", 0.0, NETWORKS),
        partial(kernels.advantage, table="off_circle", kernels=(TRANSPOSED, SYMMETRISED)),
    ),
    Claim(
        "sg-ntk-describes-best",
        BEYOND,
        "mean squared distance of the networks from regression with the best other kernel, minus "
        "that from the SG-NTK",
        Criterion(">", 0.0, NETWORKS),
        partial(kernels.advantage, table="distances"),
    ),
)
