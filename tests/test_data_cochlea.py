"""The cochlea against lauscher, the program that made SHD, and against closed forms."""

from __future__ import annotations

from functools import partial
from pathlib import Path

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

from study.data import cochlea
from study.data import membrane as membrane_module
from study.data.membrane import BLOCK, Membrane
from study.data.speech import SAMPLE_RATE, speak

STEP_RATE = SAMPLE_RATE / 2
CHANNELS = 8


@pytest.fixture(scope="module")
def membrane() -> Membrane:
    return Membrane.build(CHANNELS, 0.14, SAMPLE_RATE)


@pytest.fixture(scope="module")
def sound(membrane: Membrane) -> np.ndarray:
    """The end of a short word, as long as a transfer function, so that frequencies agree."""
    n = 2 * (max(membrane._tables) - 1)
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
    sound: np.ndarray, membrane: Membrane, lauscher: dict
) -> None:
    (velocity,) = membrane.velocities(cochlea.normalise(sound, SAMPLE_RATE))
    ours = velocity.T
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
    steps, channels = cochlea.bushy_cells(probability, STEP_RATE, rng)
    our_counts = np.bincount(channels, minlength=2000)
    assert their_counts.mean() > 20
    error = our_counts.std() / np.sqrt(len(their_counts))
    assert abs(our_counts.mean() - their_counts.mean()) < 3 * error
    assert (np.diff(steps) >= 0).all()


def test_bushy_cells_rest_after_each_spike() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0, 0.05, (800, 5)).astype(np.float32)
    steps, channels = cochlea.bushy_cells(probability, STEP_RATE, rng)
    assert (np.bincount(channels, minlength=5) > 5).all()
    for i in range(5):
        assert (np.diff(steps[channels == i]) > cochlea.REFRACTORY * STEP_RATE).all()


@pytest.mark.parametrize(("kept", "seconds"), list(enumerate([0.15, 0.3, 0.4, 0.6])))
def test_the_length_that_a_sound_is_padded_to_does_not_matter(kept: int, seconds: float) -> None:
    """Each of the kept lengths against Fourier's sum over a far finer spectrum.

    lauscher's n values stand for times that are 1 - 1/n of a step apart, of which the sum knows.
    """
    words = np.tile(speak("seven", "en", "f1", 100, 50, 50), 2)
    sound = cochlea.normalise(words[: int(seconds * SAMPLE_RATE)], SAMPLE_RATE)
    membrane = Membrane.build(BLOCK, 0.61, SAMPLE_RATE)
    n = next(n for n in membrane._tables if n > len(sound) // 2)
    assert list(membrane._tables).index(n) == kept
    (velocity,) = membrane.velocities(sound)

    fine = 20_000
    x = np.linspace(0, membrane_module.LENGTH, BLOCK)
    frequencies = np.linspace(0, SAMPLE_RATE / 2, fine)
    shown = slice(50, len(velocity), 97)
    times = np.arange(len(velocity))[shown] * (1 - 1 / n) / STEP_RATE
    waves = np.exp(2j * np.pi * times[:, None] * frequencies)
    omega = 2 * np.pi * np.linspace(1, SAMPLE_RATE / 2, fine)
    spectrum = np.fft.rfft(sound, 2 * (fine - 1))
    exact = (waves * spectrum @ membrane_module.membrane_transfer(omega, x)).real / fine
    errors = np.abs(velocity[shown] - exact).max(axis=0) / np.abs(velocity).max(axis=0)
    # the slowest, below 200 Hz, still swing when the transform ends, and go on at its beginning
    np.testing.assert_array_less(errors[:58], 0.03)
    assert np.median(errors) < 5e-4


def test_a_membrane_is_read_as_it_was_written(membrane: Membrane, tmp_path: Path) -> None:
    membrane.save(tmp_path / "membrane.npz")
    again = Membrane.load(tmp_path / "membrane.npz")
    assert again.sample_rate == membrane.sample_rate
    sound = np.random.default_rng(0).standard_normal(2000)
    for one, other in zip(membrane.velocities(sound), again.velocities(sound), strict=True):
        np.testing.assert_array_equal(one, other)


def test_all_blocks_of_channels_together_are_the_cochlea() -> None:
    """Spikes are ordered by time, and come from all channels that are driven."""
    sound = speak("eight", "en", "f1", 300, 50, 50).astype(np.float64)
    ear = cochlea.Cochlea(Membrane.build(150, 0.5, SAMPLE_RATE))
    times, channels = ear.spikes(sound, np.random.default_rng(0))
    assert (np.diff(times) >= 0).all()
    assert 0 <= times[0] <= times[-1] < len(sound) / SAMPLE_RATE + 1 / STEP_RATE
    assert len(np.unique(channels)) > 100
    assert channels.max() < 150


def test_phase_is_the_integral_of_the_wave_number() -> None:
    """The closed form of the phase against quadrature, below and above resonance."""

    def wave_number(omega: np.ndarray, x: float) -> complex:
        return membrane_module._wave_number(omega, np.array([x]))[0, 0]

    for frequency in (50.0, 700.0, 3000.0, 9000.0):
        omega = np.array([[2 * np.pi * frequency]])
        for x in (0.5, 1.7, 3.5):
            at = np.array([x])
            ours = membrane_module._phase(omega, at) - membrane_module._phase(omega, np.zeros(1))
            integral = integrate.quad_vec(
                partial(wave_number, omega), 0, x, epsrel=1e-9, limit=2000
            )[0]
            np.testing.assert_allclose(ours[0, 0], integral, rtol=1e-6)


def test_each_channel_prefers_lower_frequencies_than_the_one_before() -> None:
    frequencies = np.geomspace(150, 9000, 400)
    gain = np.abs(
        membrane_module.membrane_transfer(2 * np.pi * frequencies, np.linspace(0.8, 3.2, 12))
    )
    assert np.isfinite(gain).all()
    assert (np.diff(gain.argmax(axis=0)) < 0).all()


@settings(max_examples=500, deadline=None)
@given(
    n=st.integers(1, 40),
    p=st.floats(2**-20, 0.25, width=32),
    uniform=st.floats(2**-20, 1, exclude_max=True, width=32),
)
def test_numbers_of_releases_invert_the_binomial_distribution(
    n: int, p: float, uniform: float
) -> None:
    """In a step: none while the hazard is below the limit, else as many as its excess says."""
    released, ready = np.zeros(1, np.float32), np.full(1, n, np.float32)
    waiting, releasing = np.full(1, -np.log(uniform), np.float32), np.empty(2, np.int32)
    probability = np.full(1, p, np.float32)
    drawn = 0.0
    if cochlea._wait(probability, released, ready, waiting, releasing):
        drawn = cochlea._number(probability[0], ready[0], -waiting[0])
    distribution = stats.binom(n, p)
    below = distribution.cdf(drawn - 1) if drawn else 0.0
    assert below - 2e-5 <= uniform <= distribution.cdf(drawn) + 2e-5


def test_releases_have_the_mean_and_variance_of_independent_sites() -> None:
    """Against a direct simulation of sites that rest, as lauscher does it: spikes aside."""
    probability = np.full((4000, 200), 0.02, np.float32)
    _, channels = cochlea.bushy_cells(probability, STEP_RATE, np.random.default_rng(1))
    counts = np.bincount(channels, minlength=200)
    direct = _direct_bushy_cells(0.02, 4000, 200, np.random.default_rng(2))
    error = np.sqrt((counts.var() + direct.var()) / 200)
    assert counts.mean() > 50
    assert abs(counts.mean() - direct.mean()) < 4 * error
    assert 0.6 < counts.var() / direct.var() < 1.7


def _direct_bushy_cells(
    p: float, steps: int, channels: int, rng: np.random.Generator
) -> np.ndarray:
    """Spikes of each channel, with every site asked in every step."""
    silent = np.ceil(cochlea.SITE_REFRACTORY * STEP_RATE)
    rest = np.ceil(cochlea.REFRACTORY * STEP_RATE)
    last_release = np.full((channels, cochlea.RELEASE_SITES), -np.inf)
    current, potential, last_spike = np.zeros(channels), np.zeros(channels), np.full(channels, -1e9)
    counts = np.zeros(channels, np.int64)
    for t in range(steps):
        may = t - last_release >= silent
        releases = may & (rng.random(may.shape) < p)
        last_release[releases] = t
        current = current * np.exp(-1 / (STEP_RATE * cochlea.TAU_SYNAPSE)) + releases.sum(axis=1)
        awake = t - last_spike > rest
        decayed = potential * np.exp(-1 / (STEP_RATE * cochlea.TAU_MEMBRANE))
        potential = np.where(awake, decayed + current * cochlea.WEIGHT / STEP_RATE, 0)
        spiking = potential >= 1
        counts += spiking
        last_spike[spiking], potential[spiking] = t, 0
    return counts
