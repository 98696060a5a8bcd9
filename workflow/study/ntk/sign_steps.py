"""Surrogate gradient descent of sign networks in function space: what a step changes, no more.

A step moves the weights of a layer with inputs A [m, n_in], of the m training points, and errors
E [m, n_out] by -rate * scale * E^T A. So it moves the layer's pre-activations at these points by
-rate * (scale^2 A A^T + shift^2) E, by the layer's own tangent kernel, as long as its inputs stay.
Signs seldom change, about one of a network in a step: then one column of the weights is wanted.
The weights are kept as base + S^T A, with S [m, n_out] the sum of the moves, and where a sign
changes, its column of the base changes so that the weights do not.

What is left of a step's matrix products is the one that takes the errors to the layer below.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikegrad.engine import njit
from spikegrad.ntk.quadrature import Array

LOOP = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc"}}
BELL, WINDOW, ONE = range(3)
# 2^f for f in [0, 1) to 1e-8, constant term first
P0, P1, P2, P3, P4, P5, P6 = (
    np.polynomial.Chebyshev.interpolate(np.exp2, 6, domain=[0, 1])
    .convert(kind=np.polynomial.Polynomial)
    .coef.astype(np.float32)
)


class Layer(NamedTuple):
    """A layer of one network at the m training points, all of one type.

    Arrays are filled up with zeros to whole cache lines (except for the kernel), in which nothing
    ever happens: that takes half the time.
    """

    weights: Array  # their base [n_out, n_in]; the output layer's weights themselves
    bias: Array  # [1, n_out]
    inputs: Array  # [m, n_in]
    z: Array  # pre-activations [m, n_out]
    sums: Array  # [m, n_out]
    errors: Array  # derivatives of the loss by z, [m, n_out]
    kernel: Array  # of the inputs, [m, m]
    scale: np.floating
    shift: np.floating


@njit(**LOOP)
def descend(hidden, output, y, rate, steps, kind, steepness, height):
    """``steps`` steps of one network, its parameters changed in place."""
    m, top = len(y), hidden[-1]
    factors = np.zeros((m, len(top.errors)), y.dtype)
    for _ in range(steps):
        for i in range(m):
            output.errors[i, 0] = (output.z[i, 0] - y[i]) / m
            for j in range(top.errors.shape[1]):
                top.errors[i, j] = output.errors[i, 0] * output.weights[0, j]
        _times_surrogate(top, kind, steepness, output.scale * height)
        for k in range(len(hidden) - 1, 0, -1):
            _backward(hidden[k], hidden[k - 1].errors, factors)
            _times_surrogate(hidden[k - 1], kind, steepness, hidden[k].scale * height)
        for k in range(len(hidden)):
            _move(hidden[k], rate, factors)
            if k:
                _change_signs(hidden[k], hidden[k - 1].z)
        _move_output(output, top.z, rate)
    for layer in hidden:
        _add_product(layer.sums.T, layer.inputs, layer.weights, len(layer.weights))


@njit(**LOOP)
def _backward(layer, below, factors):
    """``below`` [m, n_in] = errors @ weights."""
    m = len(factors)
    below[:m] = 0
    _add_product(layer.errors, layer.weights, below, m)
    for i in range(m):
        for s in range(m):
            factors[i, s] = 0
            for k in range(layer.sums.shape[1]):
                factors[i, s] += layer.errors[i, k] * layer.sums[s, k]
    _add_product(factors, layer.inputs, below, m)


@njit(**LOOP)
def _add_product(left, right, total, m):
    """Add left @ right to the first m rows of ``total``, eight rows of ``right`` at a time."""
    for k in range(0, len(right), 8):
        r0, r1, r2, r3 = right[k], right[k + 1], right[k + 2], right[k + 3]
        r4, r5, r6, r7 = right[k + 4], right[k + 5], right[k + 6], right[k + 7]
        for i in range(m):
            f0, f1, f2, f3 = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3]
            f4, f5, f6, f7 = left[i, k + 4], left[i, k + 5], left[i, k + 6], left[i, k + 7]
            row = total[i]
            for j in range(len(row)):
                first = f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
                row[j] += first + f4 * r4[j] + f5 * r5[j] + f6 * r6[j] + f7 * r7[j]


@njit(**LOOP)
def _times_surrogate(layer, kind, steepness, factor):
    """Multiply a layer's errors by factor * psi(z)."""
    z, errors = layer.z, layer.errors
    m, n = len(layer.kernel), z.shape[1]
    number = z.dtype.type
    if kind == BELL:
        exponents = np.empty(n, np.int32)
        powers = exponents.view(np.float32)  # 2^k from k, a number's bits
        parts = np.empty(n, np.float32)
        for i in range(m):
            for j in range(n):
                exponent = np.maximum(-steepness * np.float32(z[i, j]) ** 2, np.float32(-126))
                whole = np.floor(exponent)
                f = exponent - whole
                parts[j] = P0 + f * (P1 + f * (P2 + f * (P3 + f * (P4 + f * (P5 + f * P6)))))
                exponents[j] = np.int32((whole + np.float32(127)) * np.float32(2**23))
            for j in range(n):
                errors[i, j] *= factor * number(parts[j] * powers[j])
    elif kind == WINDOW:
        edge = number(steepness)
        for i in range(m):
            for j in range(n):
                errors[i, j] *= factor if abs(z[i, j]) < edge else number(0)
    else:
        errors *= factor


@njit(**LOOP)
def _move(layer, rate, factors):
    """A step's move of a layer's parameters and pre-activations, its inputs as they are."""
    errors, scale, shift = layer.errors, layer.scale, layer.shift
    m = len(factors)
    for i in range(m):
        for j in range(errors.shape[1]):
            layer.sums[i, j] -= rate * scale * errors[i, j]
            layer.bias[0, j] -= rate * shift * errors[i, j]
        for s in range(m):
            factors[i, s] = -rate * (scale * scale * layer.kernel[i, s] + shift * shift)
    _add_product(factors, errors, layer.z, m)


@njit(**LOOP)
def _change_signs(layer, z_below):
    """Bring a layer's inputs up to date, and what depends on them; the weights stay."""
    inputs, base, sums, kernel = layer.inputs, layer.weights, layer.sums, layer.kernel
    column = np.empty(len(base), base.dtype)
    for i in range(len(kernel)):
        others = 0
        for j in range(inputs.shape[1]):
            others += z_below[i, j] * inputs[i, j] <= 0 and z_below[i, j] != inputs[i, j]
        for j in range(inputs.shape[1] if others else 0):
            change = np.sign(z_below[i, j]) - inputs[i, j]
            if change == 0:
                continue
            for k in range(len(base)):
                column[k] = base[k, j]
                base[k, j] -= change * sums[i, k]
            for s in range(len(kernel)):
                for k in range(len(base)):
                    column[k] += inputs[s, j] * sums[s, k]
            for k in range(len(base)):
                layer.z[i, k] += layer.scale * change * column[k]
            inputs[i, j] += change
            for s in range(len(kernel)):
                kernel[i, s] += change * inputs[s, j]
                kernel[s, i] = kernel[i, s]
            kernel[i, i] += change * (inputs[i, j] - change)


@njit(**LOOP)
def _move_output(layer, z_below, rate):
    """A step's move of the output and its parameters."""
    weights, inputs, number = layer.weights, layer.inputs, len(layer.kernel)
    for i in range(number):
        error = rate * layer.errors[i, 0]
        layer.bias[0, 0] -= layer.shift * error
        for j in range(inputs.shape[1]):
            weights[0, j] -= layer.scale * error * inputs[i, j]
    for i in range(number):
        total = weights.dtype.type(0)
        for j in range(inputs.shape[1]):
            inputs[i, j] = np.sign(z_below[i, j])
            total += weights[0, j] * inputs[i, j]
        layer.z[i, 0] = layer.scale * total + layer.shift * layer.bias[0, 0]
