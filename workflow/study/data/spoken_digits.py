"""The table of digits that are spoken on this machine by espeak-ng's voices."""

from __future__ import annotations

import pandas as pd

from study.config.data import SpokenDigits
from study.data.recordings import numbered

WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
}


def tabulate(config: SpokenDigits, path: object = None) -> pd.DataFrame:
    """The table of all samples; `file` is a sample's name, since there is no file.

    The test set holds the unseen voices and the last samples of the others.
    """
    words = [(language, WORDS[language][n]) for language in config.languages for n in config.digits]
    seen = config.train_utterances + config.test_utterances
    rows = [
        {
            "file": f"{voice} {language} {word} {number}",
            "label": word,
            "speaker": voice,
            "split": "train"
            if voice in config.voices and number < config.train_utterances
            else "test",
        }
        for voices, n in ((config.voices, seen), (config.unseen_voices, config.unseen_utterances))
        for voice in voices
        for number in range(n)
        for language, word in words
    ]
    speakers = [*config.voices, *config.unseen_voices]
    return numbered(pd.DataFrame(rows), [word for _, word in words], speakers)
