"""Utterances are a function of their name and seed, whatever was made before, and where."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikegrad.config.data import SpokenDigits
from spikegrad.data import cochlea
from spikegrad.data.layout import DataError, open_spike_file
from spikegrad.data.speech import SAMPLE_RATE, SpeechError, speak
from spikegrad.data.spoken_digits import assemble, classes, speak_voice, utterance

N_CHANNELS, DURATION = 40, 0.9
CONFIG = SpokenDigits(
    languages=("de", "en"),
    digits=(5, 1),
    voices=("m1", "f2"),
    unseen_voices=("f4",),
    train_utterances=2,
    test_utterances=1,
    unseen_utterances=2,
)
# with flutter, with an echo, with breath: everything that espeak-ng keeps between utterances
WORDS = [
    ("seven", "en", "m1", 150, 50, 50),
    ("neun", "de", "m2", 140, 30, 60),
    ("zero", "en", "f2", 180, 60, 20),
    ("fünf", "de", "f4", 130, 45, 80),
]


@pytest.fixture(scope="module")
def transfer() -> np.ndarray:
    return cochlea.transfer_function(N_CHANNELS, DURATION, SAMPLE_RATE)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def test_audio_does_not_depend_on_what_was_spoken_before() -> None:
    first = [digest(speak(*word)) for word in WORDS]
    assert [digest(speak(*word)) for word in reversed(WORDS)] == first[::-1]
    assert len(set(first)) == len(first)


def test_another_process_speaks_the_same() -> None:
    program = (
        "import sys, hashlib; from spikegrad.data.speech import speak\n"
        "sys.stdout.write(hashlib.sha256(speak(*eval(sys.argv[1])).tobytes()).hexdigest())"
    )
    for word in WORDS[:2]:
        other = subprocess.run(
            [sys.executable, "-c", program, repr(word)], capture_output=True, text=True, check=True
        )
        assert other.stdout == digest(speak(*word))


def test_every_parameter_matters_and_none_is_remembered() -> None:
    plain = speak("three", "en", "m3", 150, 50, 50)
    for changed in ((200, 50, 50), (150, 20, 50), (150, 50, 0)):
        assert digest(speak("three", "en", "m3", *changed)) != digest(plain)
        np.testing.assert_array_equal(speak("three", "en", "m3", 150, 50, 50), plain)
    assert len(speak("three", "en", "m3", 300, 50, 50)) < 0.8 * len(plain)
    assert np.abs(plain).max() > 1000


def test_every_default_voice_speaks_every_word_in_its_own_way() -> None:
    config = SpokenDigits()
    said = {
        (voice, word): digest(speak(word, language, voice, 200, 50, 50))
        for voice in (*config.voices, *config.unseen_voices)
        for language, word in classes(config)
    }
    assert len(said) == len(set(said.values())) == 12 * 20


def test_unknown_voices_are_refused() -> None:
    with pytest.raises(SpeechError, match=r"refuses voice 'xx\+m1'"):
        speak("one", "xx", "m1", 150, 50, 50)
    with pytest.raises(SpeechError, match="no voice variant 'nobody'"):
        speak("one", "en", "nobody", 150, 50, 50)


def test_an_utterance_depends_on_its_name_and_seed_alone(transfer: np.ndarray) -> None:
    def spikes(number: int, seed: int = 0) -> str:
        config = CONFIG.model_copy(update={"seed": seed})
        times, channels = utterance(config, "m1", "en", "one", number, transfer, DURATION)
        return digest(np.concatenate([times, channels]))

    assert spikes(0) == spikes(0)
    assert len({spikes(0), spikes(1), spikes(2), spikes(0, seed=1)}) == 4


def test_spikes_lie_within_word_and_cochlea(transfer: np.ndarray) -> None:
    times, channels = utterance(CONFIG, "f2", "de", "eins", 0, transfer, DURATION)
    assert len(times) > 5 * N_CHANNELS
    assert (np.diff(times) >= 0).all()
    assert 0 <= times.min() <= times.max() < DURATION
    assert 0 <= channels.min() <= channels.max() < N_CHANNELS
    # SHD's channels above half the sample rate hear nothing
    assert (channels < 0.1 * N_CHANNELS).mean() < 0.1


def test_a_word_that_is_too_long_is_an_error(transfer: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"'m1 en one 0' at \d+ words per minute takes .*duration"):
        utterance(CONFIG, "m1", "en", "one", 0, transfer, 0.1)


def test_sets_hold_the_right_utterances_whatever_the_order_of_jobs(
    transfer: np.ndarray, tmp_path: Path
) -> None:
    voices = (*CONFIG.voices, *CONFIG.unseen_voices)
    for voice in reversed(voices):
        speak_voice(CONFIG, voice, transfer, DURATION, tmp_path / f"{voice}.h5")
    files = [str(tmp_path / f"{voice}.h5") for voice in voices]
    train, test = tmp_path / "train.h5", tmp_path / "test.h5"
    assemble(CONFIG, N_CHANNELS, DURATION, files, train, test)

    plan = {
        train: [(v, n, c) for v in CONFIG.voices for n in range(2) for c in range(4)],
        test: [(v, 2, c) for v in CONFIG.voices for c in range(4)]
        + [("f4", n, c) for n in range(2) for c in range(4)],
    }
    words = [("de", "fünf"), ("de", "eins"), ("en", "five"), ("en", "one")]
    for path, utterances in plan.items():
        with open_spike_file(path) as spikes:
            assert spikes.class_names == [word for _, word in words]
            samples = list(spikes.samples(np.ones(len(spikes), bool), N_CHANNELS, DURATION))
        for sample, (voice, number, label) in zip(samples, utterances, strict=True):
            assert (sample.label, voices[sample.speaker]) == (label, voice)
            times, units = utterance(CONFIG, voice, *words[label], number, transfer, DURATION)
            np.testing.assert_array_equal(sample.times, times.astype(np.float32))
            np.testing.assert_array_equal(sample.units, units)
