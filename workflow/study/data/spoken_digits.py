"""Digits spoken on this machine by espeak-ng's voices: their table, and their sounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.config.data import SpokenDigits
from study.data.listening import Sounds
from study.data.recordings import numbered
from study.data.speech import speak

WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
}


def words(config: SpokenDigits) -> dict[str, str]:
    """The language of each word; each word is a class."""
    return {WORDS[lang][digit]: lang for lang in config.languages for digit in config.digits}


def tabulate(config: SpokenDigits) -> pd.DataFrame:
    """The table of all utterances; `file` is an utterance's name.

    The test set holds the unseen voices and the last utterances of the others.
    """
    speakers = [*config.voices, *config.unseen_voices]
    repetitions = {voice: config.train_utterances + config.test_utterances for voice in speakers}
    repetitions |= dict.fromkeys(config.unseen_voices, config.unseen_utterances)
    in_training = {voice: config.train_utterances for voice in config.voices}
    rows = [
        {
            "file": f"{voice} {language} {word} {number}",
            "label": word,
            "speaker": voice,
            "split": "train" if number < in_training.get(voice, 0) else "test",
        }
        for voice in speakers
        for number in range(repetitions[voice])
        for word, language in words(config).items()
    ]
    return numbered(pd.DataFrame(rows), list(words(config)), speakers)


def spoken(rows: pd.DataFrame, config: SpokenDigits) -> Sounds:
    """The sounds of the utterances ``rows``, at 22,050 Hz."""
    for file, word, voice in zip(rows["file"], rows["label"], rows["speaker"], strict=True):
        yield file, utterance(config, file, word, voice)


def utterance(config: SpokenDigits, name: str, word: str, voice: str) -> NDArray[np.float64]:
    """``voice`` says ``word``, in a way that depends on ``name`` and the seed alone."""
    rng = np.random.default_rng([config.seed, *name.encode()])
    rate, pitch, pitch_range = (
        int(rng.integers(low, high, endpoint=True))
        for low, high in (config.rate, config.pitch, config.pitch_range)
    )
    language = words(config)[word]
    return speak(word, language, voice, rate, pitch, pitch_range).astype(np.float64)
