"""The cochlea that made the Spiking Heidelberg Digits: sound in, spikes of bushy cells out.

A basilar membrane (Sieroka, Dosch & Rupp 2006, J. Acoust. Soc. Am. 120, 297), one inner hair cell
per channel (Meddis 1986, J. Acoust. Soc. Am. 79, 702), and a bushy cell that collects 40 release
sites of its hair cell (Cramer et al. 2020, IEEE TNNLS, appendix). Parameters are those of SHD.

Membrane. With the stiffness S = c0 exp(-alpha x) - a, the damping R = r0 exp(-alpha x / 2) and
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

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

LENGTH = 3.5  # of the membrane, in cm
MASS, DENSITY, HEIGHT = 0.05, 1.0, 0.1
STIFFNESS, STIFFNESS_OFFSET, STIFFNESS_DECAY = 1e9, 3500.0, 3.0
DAMPING = 0.15 * np.sqrt(STIFFNESS * MASS)
LEVEL = 0.3  # root mean square of every sound
RAMP = 0.03  # seconds in which a sound rises and falls (Cramer et al. 2020)
LOWEST_FREQUENCY = 1.0  # Hz; the model is singular at zero

# Hair cell: rates per second, transmitter in units of the free pool's capacity.
REPLENISH, LOSS, REUPTAKE, REPROCESS = 5.05, 2500.0, 6580.0, 66.3
PERMEABILITY, PERMEABILITY_A, PERMEABILITY_B = 2000.0, 5.0, 300.0
RELEASE = 50_000.0

# Bushy cell: seconds.
RELEASE_SITES, SITE_REFRACTORY = 40, 1e-3
TAU_MEMBRANE, TAU_SYNAPSE, REFRACTORY = 1e-3, 5e-4, 1e-3
WEIGHT = 13e3 / RELEASE_SITES  # per second and release


def membrane_transfer(omega: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The membrane's velocity at positions ``x`` (cm, [n_x]) per unit sound of ``omega`` (rad/s).

    Returns the complex transfer function [n_omega, n_x].
    """
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
    return _load(omega, x) ** -0.5 * omega * np.sqrt(DENSITY / HEIGHT)


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


def transfer_function(n_channels: int, duration: float, sample_rate: int) -> NDArray[np.complex64]:
    """The membrane's transfer function for sounds of up to ``duration`` seconds.

    Its frequencies run from 1 Hz to half the sample rate, [n_channels, n_frequencies]; channel 0
    is at the oval window and answers to the highest. It takes seconds: compute it once.
    """
    # One inverse transform of this length follows for every sound: a length with small factors.
    n_frequencies = fft.next_fast_len(int(np.ceil(duration * sample_rate / 2)) + 1, real=True)
    omega = 2 * np.pi * np.linspace(LOWEST_FREQUENCY, sample_rate / 2, n_frequencies)
    x = np.linspace(0, LENGTH, n_channels)
    transfer = np.empty((n_channels, n_frequencies), np.complex64)
    for block in np.array_split(np.arange(n_frequencies), n_frequencies // 256 + 1):  # saves memory
        transfer[:, block] = membrane_transfer(omega[block], x).T
    return transfer


def normalise(sound: NDArray, sample_rate: int) -> NDArray[np.float64]:
    """``sound`` at SHD's level, faded in and out by the halves of a Hann window of twice 30 ms."""
    level = np.sqrt(np.mean(np.square(sound, dtype=np.float64)))
    normal = sound * (LEVEL / level)
    n = min(round(RAMP * sample_rate), len(sound) // 2)
    rise = np.hanning(2 * n)[:n]
    normal[:n] *= rise
    normal[len(sound) - n :] *= rise[::-1]
    return normal


def membrane_velocity(
    sound: NDArray[np.float64], transfer: NDArray[np.complex64]
) -> NDArray[np.float32]:
    """Velocity of each channel, [n_steps, n_channels], at half the sound's sample rate.

    ``sound`` [n_samples] may be at most as long as ``transfer`` was made for.
    """
    n_channels, n = transfer.shape
    spectrum = fft.rfft(sound, 2 * (n - 1)).astype(np.complex64)
    velocity = np.empty((len(sound) // 2 + 1, n_channels), np.float32)
    for first in range(0, n_channels, 32):  # small blocks stay in the cache
        block = slice(first, first + 32)
        rows = fft.irfft(_hermitian(transfer[block], spectrum), n, overwrite_x=True)
        velocity[:, block] = rows[:, : len(velocity)].T
    return velocity


@numba.njit(cache=True, nogil=True)
def _hermitian(transfer, spectrum):  # type: ignore[no-untyped-def]
    """The half spectra whose irfft is the real part of ifft(transfer * spectrum)."""
    channels, n = transfer.shape
    half = np.empty((channels, n // 2 + 1), np.complex64)
    for c in range(channels):
        for k in range(n // 2 + 1):
            mirror = (n - k) % n
            above = transfer[c, k] * spectrum[k]
            below = transfer[c, mirror] * spectrum[mirror]
            half[c, k] = np.complex64(0.5) * (above + below.conjugate())
    return half


@numba.njit(cache=True, nogil=True, error_model="numpy")
def hair_cell(velocity, rate):  # type: ignore[no-untyped-def]
    """Probability that a release site releases in a step, float32 [n_steps, n_channels].

    ``velocity`` is float32 [n_steps, n_channels], ``rate`` the steps per second. Meddis's pools
    (free q, cleft c, reprocessing w), stepped by Euler's method from their resting state.
    """
    dt = np.float32(1 / rate)
    a, b = np.float32(PERMEABILITY_A), np.float32(PERMEABILITY_B)
    y, g, x = np.float32(REPLENISH), np.float32(PERMEABILITY), np.float32(REPROCESS)
    r, lost = np.float32(REUPTAKE), np.float32(LOSS + REUPTAKE)
    release = np.float32(RELEASE / rate)
    zero, one = np.float32(0), np.float32(1)

    steps, channels = velocity.shape
    k_rest = PERMEABILITY * PERMEABILITY_A / (PERMEABILITY_A + PERMEABILITY_B)
    c_rest = REPLENISH * k_rest / (LOSS * k_rest + REPLENISH * (LOSS + REUPTAKE))
    cleft = np.full(channels, np.float32(c_rest))
    free = np.full(channels, np.float32(c_rest * (LOSS + REUPTAKE) / k_rest))
    store = np.full(channels, np.float32(c_rest * REUPTAKE / REPROCESS))
    probability = np.empty((steps, channels), np.float32)
    for t in range(steps):
        for i in range(channels):
            drive = max(velocity[t, i] + a, zero)
            q, c, w = free[i], cleft[i], store[i]
            ejected = g * drive / (drive + b) * q * dt
            taken_up = r * c * dt
            reprocessed = x * w * dt
            replenished = max(one - q, zero) * y * dt
            free[i] = max(q + replenished - ejected + reprocessed, zero)
            cleft[i] = max(c + ejected - lost * c * dt, zero)
            store[i] = max(w + taken_up - reprocessed, zero)
            probability[t, i] = cleft[i] * release
    return probability


@numba.njit(cache=True, nogil=True)
def bushy_cells(probability, uniform, rate):  # type: ignore[no-untyped-def]
    """The steps and channels of all spikes, int32 [n_spikes] each, ordered by step.

    ``probability`` is float32 [n_steps, n_channels] from :func:`hair_cell`, ``uniform`` as many
    random numbers in [0, 1), ``rate`` the steps per second. Each channel has 40 release sites,
    silent for 1 ms after a release, that drive a leaky integrate-and-fire neuron. How many sites
    release in a step is drawn at once, from the binomial distribution over those that are not
    refractory.
    """
    steps, channels = probability.shape
    silent = int(np.ceil(SITE_REFRACTORY * rate)) - 1  # steps after a release without another
    rest = int(np.ceil(REFRACTORY * rate))
    keep_v = np.float32(np.exp(-1 / (rate * TAU_MEMBRANE)))
    keep_i = np.float32(np.exp(-1 / (rate * TAU_SYNAPSE)))
    gain = np.float32(WEIGHT / rate)

    recent = np.zeros((silent + 1, channels), np.int8)  # releases of the last steps
    ready = np.full(channels, RELEASE_SITES, np.int64)
    potential = np.zeros(channels, np.float32)
    current = np.zeros(channels, np.float32)
    resting = np.zeros(channels, np.int64)  # steps until the end of refractoriness
    spike_steps = np.empty(steps * channels // rest + channels, np.int32)
    spike_channels = np.empty_like(spike_steps)
    n_spikes = 0
    for t in range(steps):
        slot = t % (silent + 1)
        for i in range(channels):
            ready[i] += recent[slot, i]
            n = _binomial(ready[i], np.float64(probability[t, i]), uniform[t, i])
            recent[slot, i] = n
            ready[i] -= n
            current[i] = current[i] * keep_i + np.float32(n)
            if resting[i] > 0:
                resting[i] -= 1
                continue
            potential[i] = potential[i] * keep_v + current[i] * gain
            if potential[i] >= 1:
                potential[i] = 0
                resting[i] = rest
                spike_steps[n_spikes] = t
                spike_channels[n_spikes] = i
                n_spikes += 1
    return spike_steps[:n_spikes], spike_channels[:n_spikes]


@numba.njit(cache=True, nogil=True)
def _binomial(n, p, uniform):  # type: ignore[no-untyped-def]
    """Binomial(n, p) by inverting its distribution function at ``uniform`` in [0, 1)."""
    if uniform < 1 - n * p:  # the chance of none is at least 1 - n p: mostly true, and quick
        return 0
    if p > 0.5:
        return n - _invert(n, max(1 - p, 0.0), uniform)
    return _invert(n, p, uniform)


@numba.njit(cache=True, nogil=True)
def _invert(n, p, uniform):  # type: ignore[no-untyped-def]
    odds = p / (1 - p)
    chance = (1 - p) ** n
    below = chance
    k = 0
    while uniform >= below and k < n:
        chance *= odds * (n - k) / (k + 1)
        k += 1
        below += chance
    return k
