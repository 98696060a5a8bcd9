"""The cochlea that made the Spiking Heidelberg Digits: sound in, spikes of bushy cells out.

A basilar membrane (:mod:`spikegrad.membrane`), one inner hair cell per channel (Meddis 1986,
J. Acoust. Soc. Am. 79, 702), and a bushy cell that collects 40 release sites of its hair cell
(Cramer et al. 2020, IEEE TNNLS, appendix). Parameters are those of SHD.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikegrad.membrane import Membrane
from spikegrad.seeds import numpy_generator
from spikegrad.sizes import whole
from spikegrad.times import positive_seconds

if TYPE_CHECKING:
    from spikegrad.spikes import SpikeTrains

LEVEL = 0.3  # root mean square of every sound
LOWEST_RATE = 20_000  # Hz
RAMP = 0.03  # seconds in which a sound rises and falls (Cramer et al. 2020)

# Hair cell: rates per second, transmitter in units of the free pool's capacity.
REPLENISH, LOSS, REUPTAKE, REPROCESS = 5.05, 2500.0, 6580.0, 66.3
PERMEABILITY, PERMEABILITY_A, PERMEABILITY_B = 2000.0, 5.0, 300.0
RELEASE = 50_000.0

# Bushy cell: seconds.
RELEASE_SITES, SITE_REFRACTORY = 40, 1e-3
TAU_MEMBRANE, TAU_SYNAPSE, REFRACTORY = 1e-3, 5e-4, 1e-3
WEIGHT = 13e3 / RELEASE_SITES  # per second and release


class Cochlea:
    """The cochlea behind a ``membrane``; it hears sounds of the membrane's sample rate (Hz)."""

    def __init__(self, membrane: Membrane) -> None:
        self.sample_rate = membrane.sample_rate
        self._membrane = membrane

    @classmethod
    def build(
        cls, n_channels: int = 700, duration: float = 1.4, sample_rate: int = 48_000
    ) -> Cochlea:
        """A cochlea for sounds of up to ``duration`` seconds; SHD's, if nothing else is said.

        It takes seconds. Channel 0 answers to the highest tones. Sounds of another ``sample_rate``
        (Hz) need a cochlea of their own, or are resampled. ValueError below 20,000 Hz, where the
        steps of the hair cell, of half the rate, are too long.
        """
        if sample_rate < LOWEST_RATE:
            raise ValueError(
                f"the cochlea's sample_rate must be at least {LOWEST_RATE} Hz, not {sample_rate}:"
                " resample the sounds (soxr.resample)"
            )
        (n_channels,) = whole(n_channels=n_channels)
        positive_seconds(duration, "duration")
        return cls(Membrane.build(n_channels, duration, sample_rate))

    def hear(
        self,
        sounds: Sequence[ArrayLike],
        sample_rate: int,
        duration: float = 1.4,
        seed: int = 0,
    ) -> SpikeTrains:
        """A batch of the spikes of ``sounds``, each [n_samples] or [n_samples, n_channels].

        Channels are mixed down to their mean. Every sound is brought to SHD's level, and faded in
        and out. ``seed`` and a sound's number decide when transmitter is released.

        Raises
        ------
        ValueError
            If ``sample_rate`` (Hz) is not the cochlea's. Naming the sound, if it has another shape
            or numbers that are not finite, is silent, or too long for ``duration`` seconds or for
            the cochlea.
        """
        if sample_rate != self.sample_rate:
            raise ValueError(
                f"the cochlea hears sounds of {self.sample_rate} Hz, not of {sample_rate}: build"
                f" one with sample_rate={sample_rate}, or resample the sounds (soxr.resample)"
            )
        from spikegrad.spikes import SpikeTrains  # torch takes seconds, and studies need none here

        found = []
        for number, given in enumerate(sounds):
            sound = np.asarray(given, np.float64)
            longest = min(duration, self._membrane.duration)
            stretched = sound.ndim == 2 and sound.shape[0] < sound.shape[1]
            if sound.ndim not in (1, 2) or not sound.size or stretched:
                raise ValueError(
                    f"sound {number} must be [n_samples] or [n_samples, n_channels]; its shape is"
                    f" {sound.shape}"
                )
            if not np.isfinite(sound).all():
                raise ValueError(f"sound {number} must be finite numbers")
            sound = sound.reshape(len(sound), -1).mean(1)
            if len(sound) > longest * self.sample_rate:
                raise ValueError(
                    f"sound {number} takes {len(sound) / self.sample_rate:.3g} s at"
                    f" {self.sample_rate} Hz, longer than {longest:.3g} s: cut or resample it, or"
                    " build the cochlea for a longer duration"
                )
            if not sound.any():
                raise ValueError(f"sound {number} is silent")
            found.append(self.spikes(sound, numpy_generator(seed, number)))
        times, units = zip(*found, strict=True) if found else ((), ())
        batch = SpikeTrains.from_arrays(times, units, duration)
        return replace(batch, n_units=self._membrane.n_channels)

    def spikes(
        self, sound: NDArray, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Spike times (s, ascending) and channels for ``sound`` [n_samples], which is not silent.

        ``rng`` decides when transmitter is released. ValueError if the sound is longer than the
        cochlea was built for.
        """
        rate = self.sample_rate / 2
        steps, channels = [], []
        first = 0
        for velocity in self._membrane.velocities(normalise(sound, self.sample_rate)):
            step, channel = bushy_cells(hair_cell(velocity, rate), rate, rng)
            steps.append(step)
            channels.append(channel + first)
            first += velocity.shape[1]
        all_steps, all_channels = np.concatenate(steps), np.concatenate(channels)
        order = np.lexsort((all_channels, all_steps))
        return all_steps[order] / rate, all_channels[order]


def normalise(sound: NDArray, sample_rate: int) -> NDArray[np.float64]:
    """``sound`` at SHD's level, faded in and out by the halves of a Hann window of twice 30 ms."""
    level = np.sqrt(np.mean(np.square(sound, dtype=np.float64)))
    normal = sound * (LEVEL / level)
    n = min(round(RAMP * sample_rate), len(sound) // 2)
    rise = np.hanning(2 * n)[:n]
    normal[:n] *= rise
    normal[len(sound) - n :] *= rise[::-1]
    return normal


@numba.njit(cache=True, nogil=True, error_model="numpy")
def hair_cell(velocity, rate):  # type: ignore[no-untyped-def]
    """Probability that a release site releases in a step, in place of the membrane's velocity.

    ``velocity`` is float32 [n_steps, n_channels], overwritten and returned, ``rate`` the steps per
    second. Meddis's pools (free q, cleft c, reprocessing w), stepped by Euler's method from their
    resting state.
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
            velocity[t, i] = cleft[i] * release
    return velocity


@numba.njit(cache=True, nogil=True, error_model="numpy")
def bushy_cells(probability, rate, rng):  # type: ignore[no-untyped-def]
    """The steps and channels of all spikes, int32 [n_spikes] each, ordered by step.

    ``probability`` is float32 [n_steps, n_channels] from :func:`hair_cell`, ``rate`` the steps per
    second. Each channel has 40 release sites, silent for 1 ms after a release, that drive a leaky
    integrate-and-fire neuron. n sites that may release stay silent in a step with a chance of
    (1 - p)^n, the binomial's for none. Instead of asking in every step, the time until that no
    longer holds is drawn: the hazard -n log(1 - p) accumulates until it exceeds an exponential
    random number; how many sites then release follows from by how much.
    """
    steps, channels = probability.shape
    silent = int(np.ceil(SITE_REFRACTORY * rate)) - 1  # steps after a release without another
    rest = np.float32(np.ceil(REFRACTORY * rate))
    keep_v = np.float32(np.exp(-1 / (rate * TAU_MEMBRANE)))
    keep_i = np.float32(np.exp(-1 / (rate * TAU_SYNAPSE)))
    gain = np.float32(WEIGHT / rate)

    recent = np.zeros((silent + 1, channels), np.float32)  # releases of the last steps
    ready = np.full(channels, np.float32(RELEASE_SITES))
    waiting = np.empty(channels, np.float32)  # hazard until the next release
    for i in range(channels):
        waiting[i] = rng.standard_exponential(dtype=np.float32)
    releasing = np.empty(channels + 1, np.int32)
    potential = np.zeros(channels, np.float32)
    current = np.zeros(channels, np.float32)
    resting = np.zeros(channels, np.float32)  # steps until the end of refractoriness
    spike_steps = np.empty(steps * channels // int(rest) + channels, np.int32)
    spike_channels = np.empty_like(spike_steps)
    n_spikes = 0
    for t in range(steps):
        released = recent[t % (silent + 1)]
        for j in range(_wait(probability[t], released, ready, waiting, releasing)):
            i = releasing[j]
            n = _number(probability[t, i], ready[i], -waiting[i])
            released[i] = n
            ready[i] -= n
            current[i] += n
            waiting[i] = rng.standard_exponential(dtype=np.float32)
        if _integrate(current, potential, resting, keep_i, keep_v, gain):
            for i in range(channels):
                if potential[i] >= 1:
                    potential[i] = 0
                    resting[i] = rest
                    spike_steps[n_spikes] = t
                    spike_channels[n_spikes] = i
                    n_spikes += 1
    return spike_steps[:n_spikes], spike_channels[:n_spikes]


# The two loops over channels are such that LLVM makes vector instructions of them.


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _wait(p, released, ready, waiting, releasing):  # type: ignore[no-untyped-def]
    """A step towards the next releases; which channels have reached it, and their number."""
    one, two = np.float32(1), np.float32(2)
    third, fifth, seventh = np.float32(1 / 3), np.float32(1 / 5), np.float32(1 / 7)
    for i in range(len(p)):
        z = p[i] / (two - p[i])
        z2 = z * z  # -log(1 - p) is 2 artanh(z)
        hazard = two * z * (one + z2 * (third + z2 * (fifth + z2 * seventh)))
        ready[i] += released[i]
        released[i] = 0
        waiting[i] -= ready[i] * hazard
    n = 0
    for i in range(len(p)):  # without branches, which would be guessed wrong
        releasing[n] = i
        n += waiting[i] < 0
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _number(p, n, excess):  # type: ignore[no-untyped-def]
    """How many of ``n`` sites release, if the hazard exceeds its limit by ``excess`` > 0.

    With U = exp(-limit), uniform in [0, 1): the smallest k at which the distribution function of
    Binomial(n, p) exceeds U. All is divided by the chance of none, exp(-hazard).
    """
    one = np.float32(1)
    odds = p / (one - p)
    k, chance = one, n * odds
    below = one + chance
    if (one - excess) * below < one:  # else exp(excess) is below it, too
        u = math.exp(excess)
        while u >= below and k < n:
            chance *= odds * (n - k) / (k + one)
            k += one
            below += chance
    return k


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _integrate(current, potential, resting, keep_i, keep_v, gain):  # type: ignore[no-untyped-def]
    """A step of all neurons; how many have reached their threshold of 1."""
    zero = np.float32(0)
    for i in range(len(current)):
        moved = potential[i] * keep_v + current[i] * gain
        potential[i] = moved if resting[i] <= zero else zero
        left = resting[i] - np.float32(1)
        resting[i] = left if left > zero else zero
        current[i] *= keep_i
    n = np.int32(0)
    for i in range(len(potential)):
        n += np.int32(potential[i] >= np.float32(1))
    return n
