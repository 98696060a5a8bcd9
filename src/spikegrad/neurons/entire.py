"""The functions of an undriven QIF neuron's step; :mod:`spikegrad.neurons.qif` derives them.

C(z) = cos(sqrt z), S(z) = sin(sqrt z) / sqrt z and D = dS/dz are entire, and are summed as power
series. Their inverse A(y) = atan(sqrt y) / sqrt y is a fraction of two polynomials. All hold for
arguments of either sign.
"""

from __future__ import annotations

import math

from numba import types
from numba.extending import overload

from spikegrad.engine import njit
from spikegrad.engine.formulas import FAST, written
from spikegrad.neurons.taylor import LONG, SHORT, horner


def _series(coefficients: list[float]):
    """z -> sum_k coefficients[k] z^k, in the type of z."""
    terms = [f"type(z)({coefficient!r})" for coefficient in coefficients]
    return njit(forceinline=True, **FAST)(written("z", f"return {horner(terms, 'z')}"))


def entire(coefficient):
    """A formula z -> sum_k coefficient(k) z^k, with the terms that z's type can resolve."""

    def function(z): ...

    short, long = (_series([coefficient(k) for k in range(n)]) for n in (SHORT[0], LONG[0]))

    @overload(function, jit_options={"forceinline": True})
    def choose(z):
        if z == types.float32:
            return lambda z: short(z)
        return lambda z: long(z)

    return function


C = entire(lambda k: (-1) ** k / math.factorial(2 * k))
S = entire(lambda k: (-1) ** k / math.factorial(2 * k + 1))
D = entire(lambda k: (-1) ** (k + 1) * (k + 1) / math.factorial(2 * k + 3))


def arctangent_fraction(levels: int) -> tuple[list[int], list[int]]:
    """Polynomials in y, lowest power first, whose ratio is 1 / (1 + y / (3 + 4 y / (5 + ...)))."""
    above, below = [2 * levels + 1, 0], [1, 0]
    for k in range(levels, 0, -1):  # v becomes 2 k - 1 + k^2 y / v, with v = above / below
        shifted = [0, *(k * k * coefficient for coefficient in below)]
        longer = [*((2 * k - 1) * coefficient for coefficient in above), 0]
        above, below = [a + b for a, b in zip(longer, shifted, strict=True)], [*above, 0]
    return below, above


RANGE = 0.3
"""The largest |y| for which A holds to a float64's last digit."""
_above, _below = (
    _series([coefficient / polynomial[0] for coefficient in polynomial[: highest + 1]])
    for polynomial, highest in zip(arctangent_fraction(13), (6, 7), strict=True)
)


@njit(forceinline=True, **FAST)
def A(y):
    """atan(sqrt y) / sqrt y for y of either sign up to :data:`RANGE`; there it stays."""
    y = min(y, RANGE)
    return _above(y) / _below(y)
