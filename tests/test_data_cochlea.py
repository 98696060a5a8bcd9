"""The cochlea against lauscher, the program that made SHD, and against closed forms."""

from __future__ import annotations

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

from spikegrad import cochlea
from spikegrad.membrane import BLOCK, LENGTH, Membrane, _phase, _wave_number, membrane_transfer
from spikegrad.seeds import numpy_generator
from study.data.speech import SAMPLE_RATE, speak

STEP_RATE = SAMPLE_RATE / 2
CHANNELS = 8


@pytest.fixture(scope="module")
def membrane(tmp_path_factory: pytest.TempPathFactory) -> Membrane:
    """As it is read from its file."""
    file = tmp_path_factory.mktemp("cochlea") / "membrane.npz"
    Membrane.build(CHANNELS, 0.14, SAMPLE_RATE).save(file)
    return Membrane.load(file)


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


def test_spike_counts_have_lauschers_mean_and_variance() -> None:
    """lauscher asks each release site in each step. The drive makes bushy cells fire often."""
    theirs, ours = 80, 1000
    drive = np.concatenate([np.full(600, 0.008), np.full(900, 0.02)])
    np.random.seed(3)  # noqa: NPY002  lauscher draws from numpy's global generator
    spikes = BushyCell()(FiringProbability([drive] * theirs, int(STEP_RATE)))
    direct = np.bincount(spikes.spike_labels.astype(int), minlength=theirs)
    probability = np.repeat(drive[:, None], ours, axis=1).astype(np.float32)
    steps, channels = cochlea.bushy_cells(probability, STEP_RATE, np.random.default_rng(1))
    counts = np.bincount(channels, minlength=ours)
    assert direct.mean() > 20
    assert abs(counts.mean() - direct.mean()) < 3 * counts.std() / np.sqrt(theirs)
    assert 0.6 < counts.var() / direct.var() < 1.7
    assert (np.diff(steps) >= 0).all()
    for i in range(ours):
        assert (np.diff(steps[channels == i]) > cochlea.REFRACTORY * STEP_RATE).all()


def test_the_length_that_a_sound_is_padded_to_does_not_matter() -> None:
    """Each of the kept lengths against Fourier's sum over a far finer spectrum.

    lauscher's n values stand for times that are 1 - 1/n of a step apart, of which the sum knows.
    """
    words = np.tile(speak("seven", "en", "f1", 100, 50, 50), 2)
    membrane = Membrane.build(16, 0.61, SAMPLE_RATE)
    fine = 20_000
    frequencies = np.linspace(0, SAMPLE_RATE / 2, fine)
    omega = 2 * np.pi * np.linspace(1, SAMPLE_RATE / 2, fine)
    transfer = membrane_transfer(omega, np.linspace(0, LENGTH, 16))
    for kept, seconds in enumerate([0.15, 0.3, 0.4, 0.6]):
        sound = cochlea.normalise(words[: int(seconds * SAMPLE_RATE)], SAMPLE_RATE)
        n = next(n for n in membrane._tables if n > len(sound) // 2)
        assert list(membrane._tables).index(n) == kept
        (velocity,) = membrane.velocities(sound)
        shown = slice(50, len(velocity), 97)
        times = np.arange(len(velocity))[shown] * (1 - 1 / n) / STEP_RATE
        waves = np.exp(2j * np.pi * times[:, None] * frequencies)
        exact = (waves * np.fft.rfft(sound, 2 * (fine - 1)) @ transfer).real / fine
        errors = np.abs(velocity[shown] - exact).max(axis=0) / np.abs(velocity).max(axis=0)
        # the slowest, below 200 Hz, still swing when the transform ends, and go on at its beginning
        np.testing.assert_array_less(errors[:14], 0.03)
        assert np.median(errors) < 5e-4


def test_all_blocks_of_channels_together_are_the_cochlea() -> None:
    """Spikes are ordered by time, and come from all channels that are driven."""
    sound = speak("eight", "en", "f1", 300, 50, 50).astype(np.float64)
    membrane = Membrane.build(BLOCK + 6, len(sound) / SAMPLE_RATE, SAMPLE_RATE)
    times, channels = cochlea.Cochlea(membrane).spikes(sound, np.random.default_rng(0))
    assert (np.diff(times) >= 0).all()
    assert 0 <= times[0] <= times[-1] < len(sound) / SAMPLE_RATE + 1 / STEP_RATE
    assert len(np.unique(channels)) > 50
    assert BLOCK < channels.max() < BLOCK + 6


def test_phase_is_the_integral_of_the_wave_number() -> None:
    """The closed form of the phase against quadrature, below and above resonance."""
    for frequency in (50.0, 700.0, 3000.0, 9000.0):
        omega = np.array([[2 * np.pi * frequency]])
        for x in (0.5, 1.7, 3.5):
            ours = _phase(omega, np.array([x])) - _phase(omega, np.zeros(1))
            exact, _ = integrate.quad_vec(
                lambda x, omega=omega: _wave_number(omega, np.array([x]))[0, 0],
                0, x, epsrel=1e-9, limit=2000,
            )  # fmt: skip
            np.testing.assert_allclose(ours[0, 0], exact, rtol=1e-6)


@settings(max_examples=200)
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


def test_sounds_become_a_batch_of_spikes() -> None:
    own = cochlea.Cochlea.build(20, 0.3, 24_000)
    rng = np.random.default_rng(0)
    sounds = [rng.standard_normal(n) for n in (4800, 7200)]
    batch = own.hear(sounds, 24_000, 0.3, seed=3)
    assert (len(batch), batch.n_units, batch.duration) == (2, 20, 0.3)
    times, units = own.spikes(sounds[1], numpy_generator(3, 1))
    np.testing.assert_array_equal(batch[1].times.numpy(), times)
    np.testing.assert_array_equal(batch[1].units.numpy(), units)
    assert len(own.hear([], 24_000, 0.3)) == 0
    tones = [np.sin(2 * np.pi * f * np.arange(4800) / 24_000) for f in (3000, 300)]
    high, low = (own.spikes(tone, rng)[1].mean() for tone in tones)
    assert high < low - 2  # channel 0 answers to the highest tones
    stereo = np.stack([2 * sounds[0], np.zeros(4800)], axis=1)
    mixed = own.hear([stereo], 24_000, 0.3, seed=3)
    np.testing.assert_array_equal(mixed[0].times.numpy(), batch[0].times.numpy())


def test_what_the_cochlea_cannot_hear_is_said(membrane: Membrane) -> None:
    own = cochlea.Cochlea(membrane)
    for sound, message in (
        (np.ones(8000), "sound 0 takes 0.363 s at 22050 Hz, longer than 0.1"),
        (np.zeros(100), "sound 0 is silent"),
        (np.ones((2, 100)), r"sound 0 must be \[n_samples\] or .* its shape is \(2, 100\)"),
        (np.full(100, np.nan), "finite numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            own.hear([sound], SAMPLE_RATE)
    with pytest.raises(ValueError, match="hears sounds of 22050 Hz, not of 16000: build one with"):
        own.hear([np.ones(100)], 16_000)
    with pytest.raises(ValueError, match="at least 20000 Hz"):
        cochlea.Cochlea.build(8, 0.1, 8_000)
