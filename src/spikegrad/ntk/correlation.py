"""Correlations of Gaussian pairs, known as rho and as 1 - \\|rho\\|.

The latter carries what rho cannot: the kernels of steep functions have square-root singularities at
rho = 1, where rounding of rho would become its root.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikegrad.ntk.quadrature import Array


class Correlation(NamedTuple):
    """Correlations ``rho``, and ``gap`` = 1 - \\|rho\\| with a relative accuracy of its own."""

    rho: Array
    gap: Array

    @property
    def square_rest(self) -> Array:
        """1 - rho^2."""
        return np.asarray(self.gap * (2 - self.gap))

    @property
    def angle(self) -> Array:
        """arccos of rho, in [0, pi]."""
        folded = self.folded_angle
        return np.where(self.rho < 0, np.pi - folded, folded)

    @property
    def folded_angle(self) -> Array:
        """arccos of \\|rho\\|, in [0, pi / 2]; accurate where it is small."""
        return np.asarray(2 * np.arcsin(np.sqrt(self.gap / 2)))

    @classmethod
    def of(cls, rho: Array | float) -> Correlation:
        """From rho alone, accurate to rounding of rho."""
        return cls(np.asarray(rho, float), 1 - np.abs(rho))

    @property
    def mT(self) -> Correlation:
        """Of (v, u), for matrices of pairs."""
        return Correlation(self.rho.T, self.gap.T)
