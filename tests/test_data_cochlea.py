"""The cochlea against lauscher, the program that made SHD, and against closed forms."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lauscher.audiowaves import MonoAudioWave
from lauscher.firing_probability import FiringProbability
from lauscher.helpers import CommandLineArguments
from lauscher.transformations import (
    BasilarMembrane,
    BushyCell,
    HairCell,
    HanningWindow,
    RmsNormalizer,
)
from scipy import integrate, stats

from spikegrad.data import cochlea
from spikegrad.data.speech import SAMPLE_RATE, speak

STEP_RATE = SAMPLE_RATE / 2
CHANNELS = 8


@pytest.fixture(scope="module")
def transfer() -> np.ndarray:
    return cochlea.transfer_function(CHANNELS, 0.14, SAMPLE_RATE)


@pytest.fixture(scope="module")
def sound(transfer: np.ndarray) -> np.ndarray:
    """The end of a short word, as long as the transfer function, so that frequencies agree."""
    n = 2 * (transfer.shape[1] - 1)
    word = speak("eight", "en", "f1", 300, 50, 50)[-n:].astype(np.float64)
    assert len(word) == n
    return word


@pytest.fixture(scope="module")
def lauscher(sound: np.ndarray) -> dict:
    CommandLineArguments().num_concurrent_jobs = 1
    wave = MonoAudioWave(sound.copy(), SAMPLE_RATE)
    wave = HanningWindow(cochlea.RAMP, cochlea.RAMP)(RmsNormalizer(cochlea.LEVEL)(wave))
    velocity = BasilarMembrane(channels=CHANNELS)(wave)
    return {"sound": wave.samples, "velocity": velocity, "release": HairCell()(velocity)}


def test_normalised_sound_is_lauschers(sound: np.ndarray, lauscher: dict) -> None:
    np.testing.assert_allclose(cochlea.normalise(sound, SAMPLE_RATE), lauscher["sound"], rtol=1e-12)


def test_membrane_velocity_is_lauschers(
    sound: np.ndarray, transfer: np.ndarray, lauscher: dict
) -> None:
    ours = cochlea.membrane_velocity(cochlea.normalise(sound, SAMPLE_RATE), transfer).T
    theirs = lauscher["velocity"].channels
    assert ours.shape == theirs.shape
    for channel, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        scale = np.abs(b).max()  # float32 keeps seven digits
        np.testing.assert_allclose(a, b, atol=2e-6 * scale, err_msg=f"channel {channel}")


def test_release_probability_is_lauschers(lauscher: dict) -> None:
    velocity = np.ascontiguousarray(lauscher["velocity"].channels.T, np.float32)
    ours = cochlea.hair_cell(velocity, STEP_RATE)
    np.testing.assert_allclose(ours.T, lauscher["release"].channels, rtol=1e-3, atol=1e-6)


def test_spike_counts_are_lauschers_on_average() -> None:
    # a constant drive that makes lauscher's bushy cell fire often; few of its channels, many ours
    rng = np.random.default_rng(1)
    drive = np.concatenate([np.full(1200, 0.008), np.full(1200, 0.02), np.full(600, 0.004)])
    np.random.seed(3)  # noqa: NPY002  lauscher draws from numpy's global generator
    theirs = BushyCell()(FiringProbability([drive] * 40, int(STEP_RATE)))
    their_counts = np.bincount(theirs.spike_labels.astype(int), minlength=40)
    probability = np.repeat(drive[:, None], 2000, axis=1).astype(np.float32)
    uniform = rng.random(probability.shape, dtype=np.float32)
    steps, channels = cochlea.bushy_cells(probability, uniform, STEP_RATE)
    our_counts = np.bincount(channels, minlength=2000)
    assert their_counts.mean() > 20
    error = our_counts.std() / np.sqrt(len(their_counts))
    assert abs(our_counts.mean() - their_counts.mean()) < 3 * error
    assert (np.diff(steps) >= 0).all()


def test_bushy_cells_of_one_channel_do_not_depend_on_the_others() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0, 0.02, (800, 5)).astype(np.float32)
    uniform = rng.random((800, 5), dtype=np.float32)
    steps, channels = cochlea.bushy_cells(probability, uniform, STEP_RATE)
    for i in range(5):
        alone, _ = cochlea.bushy_cells(
            probability[:, i : i + 1].copy(), uniform[:, i : i + 1].copy(), STEP_RATE
        )
        np.testing.assert_array_equal(alone, steps[channels == i])
        assert (np.diff(alone) > cochlea.REFRACTORY * STEP_RATE).all()


def test_phase_is_the_integral_of_the_wave_number() -> None:
    """The closed form of the phase against quadrature, below and above resonance."""

    def wave_number(omega: np.ndarray, x: float) -> complex:
        return cochlea._wave_number(omega, np.array([x]))[0, 0]

    for frequency in (50.0, 700.0, 3000.0, 9000.0):
        omega = np.array([[2 * np.pi * frequency]])
        for x in (0.5, 1.7, 3.5):
            at = np.array([x])
            ours = cochlea._phase(omega, at) - cochlea._phase(omega, np.zeros(1))
            integral = integrate.quad_vec(
                partial(wave_number, omega), 0, x, epsrel=1e-9, limit=2000
            )[0]
            np.testing.assert_allclose(ours[0, 0], integral, rtol=1e-6)


def test_each_channel_prefers_lower_frequencies_than_the_one_before() -> None:
    frequencies = np.geomspace(150, 9000, 400)
    gain = np.abs(cochlea.membrane_transfer(2 * np.pi * frequencies, np.linspace(0.8, 3.2, 12)))
    assert np.isfinite(gain).all()
    assert (np.diff(gain.argmax(axis=0)) < 0).all()


@settings(max_examples=500, deadline=None)
@given(
    n=st.integers(0, 40),
    p=st.floats(0, 1, width=32),
    uniform=st.floats(0, 1, exclude_max=True, width=32),
)
def test_binomial_inverts_its_distribution_function(n: int, p: float, uniform: float) -> None:
    drawn = cochlea._binomial(n, p, uniform)
    distribution = stats.binom(n, p)
    # which of the two tails the draw starts from is free: for p > 1/2 the order is reversed
    if p > 0.5 and uniform >= 1 - n * p:
        drawn, distribution = n - drawn, stats.binom(n, 1 - p)
    below = distribution.cdf(drawn - 1) if drawn else 0.0
    assert below - 1e-9 <= uniform <= distribution.cdf(drawn) + 1e-9
