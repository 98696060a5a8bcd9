"""The basilar membrane: a sound makes each of its places swing.

(Sieroka, Dosch & Rupp 2006, J. Acoust. Soc. Am. 120, 297; parameters are those of SHD.)

With the stiffness S = c0 exp(-alpha x) - a, the damping R = r0 exp(-alpha x / 2) and
the mass m at position x, xi = S - i omega R - m omega^2 and the wave number
g = omega sqrt(rho / (h xi)), the pressure along the membrane is, in the WKB approximation,

    p(x) = sqrt(G / g) H0^(1)(G),    G(x) = 2 g(0) / alpha + integral_0^x g.

The integral is elementary: with u = exp(-alpha x / 2) and A = a + m omega^2,

    integral_0^x g = (2 omega / alpha) sqrt(rho / h) J,
    J = integral_u^1 du' / (u' sqrt(Q(u'))) = (i / sqrt A) ln(F(1) / F(u)),
    Q(u) = c0 u^2 - i omega r0 u - A,    F(u) = (2 i sqrt(A Q(u)) - i omega r0 u - 2 A) / u,

and the membrane's velocity for a sound of unit amplitude is 2 omega / xi * p(x) / p(0) * Z, where
Z = i sqrt(2 c0 / h) H0^(2)(k) / H1^(2)(k), k = (2 omega / alpha) sqrt(2 / (h c0)), is the impedance
at the oval window.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

from spikegrad.files import atomic

LENGTH = 3.5  # of the membrane, in cm
MASS, DENSITY, HEIGHT = 0.05, 1.0, 0.1
STIFFNESS, STIFFNESS_OFFSET, STIFFNESS_DECAY = 1e9, 3500.0, 3.0
DAMPING = 0.15 * np.sqrt(STIFFNESS * MASS)
LOWEST_FREQUENCY = 1.0  # Hz; the model is singular at zero
NEGLIGIBLE = 1e-7  # of a channel's largest response: less than float32 resolves
LENGTHS = (1 / 4, 1 / 2, 2 / 3, 1)  # of the longest sound, for which transfer functions are kept
BLOCK = 64  # channels; their velocities stay in the cache

Table = list[NDArray[np.complex64]]
"""For each block of channels the transfer function [n_channels, n_frequencies], from 1 Hz to where
all of them stop answering."""


class Membrane:
    """The membrane for sounds of one sample rate.

    Its transfer functions, which take seconds to compute, are kept for a few lengths; a sound is
    padded to the shortest of them.
    """

    def __init__(self, sample_rate: int, tables: dict[int, Table]) -> None:
        self.sample_rate, self._tables = sample_rate, tables

    @property
    def duration(self) -> float:
        """Seconds of the longest sound."""
        return 2 * (max(self._tables) - 1) / self.sample_rate

    @property
    def n_channels(self) -> int:
        """Places along the membrane."""
        return sum(map(len, next(iter(self._tables.values()))))

    @classmethod
    def build(cls, n_channels: int, duration: float, sample_rate: int) -> Membrane:
        """For sounds of up to ``duration`` seconds; channel 0 answers to the highest tones."""
        x = np.linspace(0, LENGTH, n_channels)
        tables = {}
        for share in LENGTHS:
            # One inverse transform of this length follows for every sound: with small factors.
            least = int(np.ceil(share * duration * sample_rate / 2)) + 1
            n = fft.next_fast_len(least, real=True)
            tables[n] = [
                transfer_function(x[first : first + BLOCK], n, sample_rate)
                for first in range(0, n_channels, BLOCK)
            ]
        return cls(sample_rate, tables)

    def save(self, path: str | Path) -> None:
        """Write a file that :meth:`load` reads."""
        arrays = {f"{n}.{i}": t for n, table in self._tables.items() for i, t in enumerate(table)}
        with atomic(path) as part:
            np.savez(part, sample_rate=self.sample_rate, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> Membrane:
        """What :meth:`save` wrote."""
        tables: dict[int, Table] = {}
        with np.load(path) as arrays:
            sample_rate = int(arrays["sample_rate"])
            for name in arrays.files[1:]:
                tables.setdefault(int(name.partition(".")[0]), []).append(arrays[name])
        return cls(sample_rate, tables)

    def velocities(self, sound: NDArray[np.float64]) -> Iterator[NDArray[np.float32]]:
        """Velocities of one block of channels after the other, [n_steps, n_channels], in one array.

        They come at half the sample rate, as in lauscher, which reads the spectrum of the sound
        without its negative frequencies as that of a complex signal. ValueError if ``sound``
        [n_samples] is longer than the membrane was built for.
        """
        steps = len(sound) // 2 + 1
        n = min((n for n in self._tables if steps <= n), default=None)
        if n is None:
            raise ValueError(
                f"a sound of {len(sound) / self.sample_rate:.3g} s is longer than the cochlea was"
                f" built for, {self.duration:.3g} s: cut it, or build one for a longer duration"
            )
        table = self._tables[n]
        spectrum = (fft.rfft(sound, 2 * (n - 1)) / 2).astype(np.complex64)
        widest = len(table[0])  # arrays are used again: new memory costs more than the sums
        half = np.empty((widest, n // 2 + 1), np.complex64)
        velocity = np.empty(steps * widest, np.float32)
        for transfer in table:
            _half_spectra(transfer, spectrum, half[: len(transfer)])
            rows = fft.irfft(half[: len(transfer)], n)
            block = velocity[: steps * len(rows)].reshape(steps, len(rows))
            block[:] = rows[:, :steps].T
            yield block


def _half_spectra(
    transfer: NDArray[np.complex64], spectrum: NDArray[np.complex64], half: NDArray[np.complex64]
) -> None:
    """Write to ``half`` the spectra whose irfft is the real part of ifft(2 * transfer * spectrum).

    Of the n frequencies of ``spectrum``, those above the middle are negative ones, which count by
    their conjugates.
    """
    n, audible = len(spectrum), transfer.shape[1]
    positive = min(n // 2 + 1, audible)
    np.multiply(transfer[:, :positive], spectrum[:positive], out=half[:, :positive])
    half[:, positive:] = 0
    mirrored = transfer[:, positive:] * spectrum[positive:audible]
    np.conjugate(mirrored, out=mirrored)
    half[:, n - audible + 1 : n - positive + 1] += mirrored[:, ::-1]
    own = [0] if n % 2 else [0, n // 2]  # are their own mirrors
    half[:, own] = 2 * half[:, own].real


def transfer_function(
    x: NDArray[np.float64], n_frequencies: int, sample_rate: int
) -> NDArray[np.complex64]:
    """The transfer functions of the places ``x`` (cm, ascending), [n_x, n_audible].

    ``n_frequencies`` go from 1 Hz to half the ``sample_rate`` (Hz); those above
    all that the places answer to are left out.
    """
    omega = 2 * np.pi * np.linspace(LOWEST_FREQUENCY, sample_rate / 2, n_frequencies)
    coarse = np.linspace(0, n_frequencies - 1, 1000).round().astype(np.int64)
    gain = np.abs(membrane_transfer(omega[coarse], x))
    last = np.flatnonzero((gain > NEGLIGIBLE * gain.max(axis=0)).any(axis=1))[-1]
    audible = omega[: coarse[min(last + 1, len(coarse) - 1)] + 1]
    parts = np.array_split(audible, len(audible) // 4096 + 1)  # saves memory
    return np.concatenate(
        [membrane_transfer(part, x).astype(np.complex64) for part in parts]
    ).T.copy()


def membrane_transfer(omega: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The membrane's velocity at positions ``x`` (cm, [n_x]) per unit sound of ``omega`` (rad/s),
    complex [n_omega, n_x]."""
    omega = omega[:, None]
    at_start = np.zeros(1)
    g0, phase0 = _wave_number(omega, at_start), _phase(omega, at_start)
    g, phase = _wave_number(omega, x), _phase(omega, x)
    # p(x) / p(0); hankel1e is H0^(1) without its factor exp(i G), which may underflow.
    pressure = np.sqrt(phase / g / (phase0 / g0)) * np.exp(1j * (phase - phase0))
    pressure *= special.hankel1e(0, phase) / special.hankel1e(0, phase0)
    k = 2 * omega / STIFFNESS_DECAY * np.sqrt(2 / (HEIGHT * STIFFNESS))
    impedance = 1j * np.sqrt(2 * STIFFNESS / HEIGHT) * special.hankel2(0, k) / special.hankel2(1, k)
    return 2 * omega / _load(omega, x) * pressure * impedance


def _load(omega: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.complex128]:
    """xi(omega, x)."""
    stiffness = STIFFNESS * np.exp(-STIFFNESS_DECAY * x) - STIFFNESS_OFFSET
    damping = DAMPING * np.exp(-STIFFNESS_DECAY * x / 2)
    return stiffness - MASS * omega**2 - 1j * omega * damping


def _wave_number(omega: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.complex128]:
    """g(omega, x), per cm."""
    return omega * np.sqrt(DENSITY / HEIGHT) / np.sqrt(_load(omega, x))


def _phase(omega: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.complex128]:
    """G(omega, x): the wave's complex phase, by the closed form above."""
    big_a = STIFFNESS_OFFSET + MASS * omega**2

    def primitive(u: NDArray[np.float64]) -> NDArray[np.complex128]:
        damping = 1j * omega * DAMPING * u
        root = np.sqrt(big_a * (STIFFNESS * u**2 - damping - big_a))
        return (2j * root - damping - 2 * big_a) / u

    u = np.exp(-STIFFNESS_DECAY * x / 2)
    integral = 1j / np.sqrt(big_a) * np.log(primitive(np.ones(1)) / primitive(u))
    travelled = 2 * omega / STIFFNESS_DECAY * np.sqrt(DENSITY / HEIGHT) * integral
    return 2 * _wave_number(omega, np.zeros(1)) / STIFFNESS_DECAY + travelled
