"""The entire functions of an undriven QIF neuron's step; :mod:`spikegrad.neurons.qif` derives them.

C(z) = cos(sqrt z), S(z) = sin(sqrt z) / sqrt z and D = dS/dz, as power series.
"""

from __future__ import annotations

import math

from numba import types
from numba.extending import overload

from spikegrad.engine import njit
from spikegrad.engine.formulas import FAST


def _series(coefficients: list[float]):
    """z -> sum_k coefficients[k] z^k, in the type of z."""
    first = coefficients[0]
    if len(coefficients) == 1:
        return njit(forceinline=True)(lambda z: type(z)(first))
    rest = _series(coefficients[1:])
    return njit(forceinline=True, **FAST)(lambda z: type(z)(first) + z * rest(z))


def entire(coefficient):
    """A formula z -> sum_k coefficient(k) z^k, with the terms that z's type can resolve."""

    def function(z): ...

    short, long = (_series([coefficient(k) for k in range(n)]) for n in (4, 9))

    @overload(function, jit_options={"forceinline": True})
    def choose(z):
        if z == types.float32:
            return lambda z: short(z)
        return lambda z: long(z)

    return function


C = entire(lambda k: (-1) ** k / math.factorial(2 * k))
S = entire(lambda k: (-1) ** k / math.factorial(2 * k + 1))
D = entire(lambda k: (-1) ** (k + 1) * (k + 1) / math.factorial(2 * k + 3))
