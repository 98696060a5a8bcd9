"""A spoken digit is a function of its name and seed, whatever was spoken before, and where."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from study.config.data import SpokenDigits
from study.data.encoding import labels_of
from study.data.recordings import WORDS, tabulate_spoken
from study.data.speech import SpeechError, speak, spoken

# with flutter, with an echo, with breath: everything that espeak-ng keeps between words
SAID = [
    ("seven", "en", "m1", 150, 50, 50),
    ("neun", "de", "m2", 140, 30, 60),
    ("zero", "en", "f2", 180, 60, 20),
    ("fünf", "de", "f4", 130, 45, 80),
]


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def test_sound_does_not_depend_on_what_was_spoken_before_or_where() -> None:
    first = [digest(speak(*word)) for word in SAID]
    assert [digest(speak(*word)) for word in reversed(SAID)] == first[::-1]
    assert np.abs(speak(*SAID[0])).max() > 1000
    program = (
        "import sys, hashlib; from study.data.speech import speak\n"
        "sys.stdout.write(hashlib.sha256(speak(*eval(sys.argv[1])).tobytes()).hexdigest())"
    )
    command = [sys.executable, "-c", program, repr(SAID[1])]
    assert subprocess.run(command, capture_output=True, text=True).stdout == first[1]


def test_every_voice_speaks_every_word_in_its_own_way_and_parameters_matter() -> None:
    config = SpokenDigits()
    said = [
        digest(speak(word, language, voice, 200, 50, 50))
        for voice in (*config.voices, *config.unseen_voices)
        for language in WORDS
        for word in WORDS[language]
    ]
    said += [digest(speak("one", "en", "m1", *how)) for how in ((150, 50, 50), (200, 20, 50))]
    said += [digest(speak("one", "en", "m1", 200, 50, 0))]
    assert len(said) == len(set(said)) == 12 * 20 + 3


def test_unknown_voices_are_refused() -> None:
    with pytest.raises(SpeechError, match=r"refuses voice 'xx\+m1'"):
        speak("one", "xx", "m1", 150, 50, 50)
    with pytest.raises(SpeechError, match="no voice variant 'nobody'"):
        speak("one", "en", "nobody", 150, 50, 50)


def test_the_sets_hold_the_right_samples_each_spoken_by_its_name() -> None:
    config = SpokenDigits(
        digits=(5, 1), languages=("de", "en"), voices=("m1", "f2"), unseen_voices=("f4",),
        utterances=2,
    )  # fmt: skip
    table = tabulate_spoken(config)
    assert labels_of(table) == ["fünf", "eins", "five", "one"]
    said = table.groupby(["split", "speaker"])["label_number"].apply(sorted).to_dict()
    assert said == {
        ("train", "m1"): sorted(2 * [0, 1, 2, 3]),
        ("train", "f2"): sorted(2 * [0, 1, 2, 3]),
        ("test", "m1"): [0, 1, 2, 3],
        ("test", "f2"): [0, 1, 2, 3],
        ("test", "f4"): sorted(2 * [0, 1, 2, 3]),
    }
    assert table["file"].is_unique
    rows = table[:6]
    sounds = {name: digest(sound) for name, sound in spoken(rows)}
    assert {name: digest(sound) for name, sound in spoken(rows[::-1])} == sounds
    assert len({*sounds.values()}) == 6
