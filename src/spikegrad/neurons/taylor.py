"""Taylor series of a driven QIF neuron's step; :mod:`spikegrad.neurons.qif_driven` derives them.

a = sum_k I^k a_k(d) and b = sum_k I^k b_k(d) solve q_uu = -(I + J / (1 - u)^2) q from (q, q_u) =
(1, 0) and (0, 1). A step of any state (p, q) is

    p <- e (b' p - a' q),   q <- a q - b p.
"""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
from numba import types
from numba.extending import overload

from spikegrad.engine import njit
from spikegrad.engine.formulas import FAST, written

# Steps are split so that |I + J| d^2 and d stay below these: the series are then exact to rounding.
LARGEST_Z, LARGEST_D = 0.2, 0.1
# Powers of I and of d that float32 and float64 can resolve.
SHORT, LONG = (4, 8), (8, 20)

INLINED = {"forceinline": True, **FAST}


def taylor_coefficients(drive: float, n_powers: int = LONG[0]) -> np.ndarray:
    """Coefficients of a_k and b_k in powers of d, float64 [2, n_powers, n_terms].

    y_k[n + 2] = -(J sum_{j <= n} (j + 1) y_k[n - j] + y_{k-1}[n]) / ((n + 1) (n + 2)).
    """
    n_terms = LONG[1]
    y = np.zeros((2, n_powers, n_terms))
    y[0, 0, 0] = y[1, 0, 1] = 1.0
    for k in range(n_powers):
        for n in range(n_terms - 2):
            driven = drive * (np.arange(1, n + 2) * y[:, k, n::-1]).sum(1)
            moved = y[:, k - 1, n] if k > 0 else 0.0
            y[:, k, n + 2] -= (driven + moved) / ((n + 1) * (n + 2))
    return y


def resolved(number) -> tuple[int, int]:
    """:data:`SHORT` or :data:`LONG`, for a Numba type."""
    return SHORT if number == types.float32 else LONG


def n_terms(d): ...


@overload(n_terms, jit_options=INLINED)
def _choose_n_terms(d):
    """Powers of d to take for a step of d's type."""
    number = resolved(d)[1]
    return lambda d: number


@njit(**INLINED)
def value_and_slope(series, y, k, n_terms, d):
    """a_k (y = 0) or b_k (y = 1) at ``d``, whose series begin with d^(2 k + y)."""
    first = 2 * k + y
    value, slope = series[y, k, n_terms - 1], 0.0
    for n in range(n_terms - 2, first - 1, -1):
        slope = slope * d + value
        value = value * d + series[y, k, n]
    if first == 0:
        return value, slope
    power = 1.0
    for _ in range(first - 1):
        power *= d
    return power * d * value, power * (first * value + d * slope)


def values_and_slopes(series, d): ...


@overload(values_and_slopes, jit_options=INLINED)
def _choose_values_and_slopes(series, d):
    """a_k, a_k', b_k, b_k' at ``d``, in its type, each a tuple over k."""
    powers, terms = resolved(d)
    lines = [
        f"{y}{k}, {y}{k}_ = value_and_slope(series, {number}, {k}, {terms}, x)"
        for number, y in enumerate("ab")
        for k in range(powers)
    ]
    tuples = [
        "(" + "".join(f"t({y}{k}{slope}), " for k in range(powers)) + ")"
        for y in "ab"
        for slope in ("", "_")
    ]
    code = ["t, x = type(d), float(d)", *lines, f"return {', '.join(tuples)}"]
    return written("series, d", *code, value_and_slope=value_and_slope)


def horner(terms: list[str], x: str) -> str:
    """terms[0] + terms[1] x + terms[2] x^2 + ..., by Horner's scheme, as one expression."""
    *lower, last = terms
    return reduce(lambda higher, term: f"{term} + {x} * ({higher})", reversed(lower), last)


def power_sum(c, x): ...


@overload(power_sum, jit_options=INLINED)
def _choose_power_sum(c, x):
    """c[0] + c[1] x + c[2] x^2 + ..., of a tuple c."""
    return written("c, x", f"return {horner([f'c[{k}]' for k in range(len(c))], 'x')}")


def power_sum_slope(c, x): ...


@overload(power_sum_slope, jit_options=INLINED)
def _choose_power_sum_slope(c, x):
    """c[1] + 2 c[2] x + 3 c[3] x^2 + ..."""
    terms = [f"type(x)({k}) * c[{k}]" for k in range(1, len(c))]
    return written("c, x", f"return {horner(terms, 'x')}")


def zero_coefficients(series, d, p, q, I): ...


@overload(zero_coefficients, jit_options=INLINED)
def _choose_zero_coefficients(series, d, p, q, I):
    """Those of q in powers of the step, after the state (p, q, I), as many as d's type resolves."""
    powers, terms = resolved(d)
    numbers = []
    for n in range(terms):
        number = "0.0"
        for k in range(min(powers - 1, n // 2), -1, -1):
            number = f"({number}) * I + (series[0, {k}, {n}] * q - series[1, {k}, {n}] * p)"
        numbers.append(number)
    return written("series, d, p, q, I", f"return ({', '.join(numbers)})")


@njit(**INLINED)
def first_zero(c, current, d, p, q):
    """The step in [0, d] at which q, positive before, passes through zero; all but d in float64.

    ``c`` are q's coefficients in powers of the step, ``current`` is I + J.

    Newton's method, from the zero of a parabola. It converges cubically, as q'' vanishes with q.
    """
    if q <= 0.0:
        return 0.0
    d = float(d)
    x = min(2.0 * q / (p + math.sqrt(max(p * p + 2.0 * current * q * q, 0.0))), d)
    for _ in range(6):
        change = power_sum(c, x) / power_sum_slope(c, x)
        x = min(max(x - change, 0.0), d)
        if abs(change) < 1e-6 * d:
            break
    return x
