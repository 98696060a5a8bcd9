"""Spoken digits, made on this machine in SHD's layout: espeak-ng's voices, SHD's cochlea."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spikegrad.config.data import SpokenDigits
from spikegrad.data import cochlea
from spikegrad.data.layout import DataError, Sample, open_spike_file, write_spike_file
from spikegrad.data.speech import SAMPLE_RATE, speak

WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
}
STEP_RATE = SAMPLE_RATE / 2  # of the cochlea, in Hz


def classes(config: SpokenDigits) -> list[tuple[str, str]]:
    """Language and word of each class."""
    return [(language, WORDS[language][d]) for language in config.languages for d in config.digits]


def utterance(
    config: SpokenDigits,
    voice: str,
    language: str,
    word: str,
    number: int,
    transfer: NDArray[np.complex64],
    duration: float,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Spike times (s) and channels of the ``number``-th time that ``voice`` says ``word``.

    A function of its arguments alone: the seed of its random numbers is made of the study's
    seed and the utterance's name.

    Raises
    ------
    DataError
        If the word takes longer than ``duration`` seconds.
    """
    name = f"{voice} {language} {word} {number}"
    rng = np.random.default_rng([config.seed, *name.encode()])
    rate, pitch, pitch_range = (
        int(rng.integers(low, high, endpoint=True))
        for low, high in (config.rate, config.pitch, config.pitch_range)
    )
    sound = speak(word, language, voice, rate, pitch, pitch_range)
    if len(sound) > duration * SAMPLE_RATE:
        raise DataError(
            f"utterance '{name}' at {rate} words per minute takes {len(sound) / SAMPLE_RATE:.2f} s,"
            f" longer than data.duration = {duration} s: raise that, or the slowest rate in"
            " data.spoken_digits.rate"
        )
    velocity = cochlea.membrane_velocity(cochlea.normalise(sound, SAMPLE_RATE), transfer)
    probability = cochlea.hair_cell(velocity, STEP_RATE)
    uniform = rng.random(probability.shape, dtype=np.float32)
    steps, channels = cochlea.bushy_cells(probability, uniform, STEP_RATE)
    return steps / STEP_RATE, channels


def speak_voice(
    config: SpokenDigits,
    voice: str,
    transfer: NDArray[np.complex64],
    duration: float,
    path: str | Path,
) -> None:
    """Write all utterances of one voice, training first, to ``path``."""
    if voice in config.voices:
        repetitions = config.train_utterances + config.test_utterances
    else:
        repetitions = config.unseen_utterances
    speaker = [*config.voices, *config.unseen_voices].index(voice)
    words = classes(config)
    plan = [(n, c) for n in range(repetitions) for c in range(len(words))]
    samples = []
    for number, label in tqdm(plan, disable=None, desc=f"voice {voice}", unit="utterance"):
        language, word = words[label]
        spikes = utterance(config, voice, language, word, number, transfer, duration)
        samples.append(Sample(*spikes, label, speaker))
    write_spike_file(path, samples, [word for _, word in words])


def assemble(
    config: SpokenDigits,
    n_units: int,
    duration: float,
    voice_files: list[str],
    train: str | Path,
    test: str | Path,
) -> None:
    """Merge the files of all voices, in the order of the configuration, into both sets.

    The test set holds the unseen voices and the last utterances of the others.
    """
    class_names = [word for _, word in classes(config)]
    first_test = config.train_utterances * len(class_names)  # in the file of a voice
    sets: dict[bool, list[Sample]] = {True: [], False: []}
    for speaker, voice_file in enumerate(voice_files):
        with open_spike_file(voice_file) as spikes:
            in_training = np.arange(len(spikes)) < first_test * (speaker < len(config.voices))
            for training in sets:
                sets[training] += spikes.samples(in_training == training, n_units, duration)
    write_spike_file(train, sets[True], class_names)
    write_spike_file(test, sets[False], class_names)
