"""Utterances are a function of their name and seed, whatever was made before, and where."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.config.data import SpokenDigits
from study.data.cochlea import Cochlea
from study.data.layout import DataError, Sample, open_spike_file
from study.data.listening import labels_of, listen, merge, of_part
from study.data.membrane import Membrane
from study.data.speech import SAMPLE_RATE, SpeechError, speak
from study.data.spoken_digits import spoken, tabulate, utterance, words

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
def cochlea() -> Cochlea:
    return Cochlea(Membrane.build(N_CHANNELS, DURATION, SAMPLE_RATE))


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def test_audio_does_not_depend_on_what_was_spoken_before() -> None:
    first = [digest(speak(*word)) for word in WORDS]
    assert [digest(speak(*word)) for word in reversed(WORDS)] == first[::-1]
    assert len(set(first)) == len(first)


def test_another_process_speaks_the_same() -> None:
    program = (
        "import sys, hashlib; from study.data.speech import speak\n"
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
        for word, language in words(config).items()
    }
    assert len(said) == len(set(said.values())) == 12 * 20


def test_unknown_voices_are_refused() -> None:
    with pytest.raises(SpeechError, match=r"refuses voice 'xx\+m1'"):
        speak("one", "xx", "m1", 150, 50, 50)
    with pytest.raises(SpeechError, match="no voice variant 'nobody'"):
        speak("one", "en", "nobody", 150, 50, 50)


def hear(
    path: Path, cochlea: Cochlea, rows: pd.DataFrame, config: SpokenDigits = CONFIG
) -> list[Sample]:
    """The spikes of the utterances ``rows``, by way of the file ``path``."""
    labels = labels_of(tabulate(config))
    listen(rows, spoken(rows, config), cochlea, DURATION, config.seed, labels, path)
    with open_spike_file(path) as spikes:
        return list(spikes.samples(np.ones(len(spikes), bool), N_CHANNELS, DURATION))


def test_an_utterance_depends_on_its_name_and_seed_alone(cochlea: Cochlea, tmp_path: Path) -> None:
    table = tabulate(CONFIG)
    rows = table[:6]
    heard = hear(tmp_path / "a.h5", cochlea, rows)
    again = hear(tmp_path / "b.h5", cochlea, rows[::-1])[::-1]
    for one, other in zip(heard, again, strict=True):
        np.testing.assert_array_equal(one.times, other.times)
        np.testing.assert_array_equal(one.units, other.units)
    other_seed = CONFIG.model_copy(update={"seed": 1})
    others = hear(tmp_path / "c.h5", cochlea, rows, other_seed)
    assert len({digest(sample.times) for sample in [*heard, *others]}) == 12
    name, word, voice = rows.iloc[0][["file", "label", "speaker"]]
    assert digest(utterance(CONFIG, name, word, voice)) != digest(
        utterance(other_seed, name, word, voice)
    )


def test_spikes_lie_within_word_and_cochlea(cochlea: Cochlea) -> None:
    sound = utterance(CONFIG, "f2 de eins 0", "eins", "f2")
    times, channels = cochlea.spikes(sound, np.random.default_rng(0))
    assert len(times) > 5 * N_CHANNELS
    assert (np.diff(times) >= 0).all()
    assert 0 <= times.min() <= times.max() < DURATION
    assert 0 <= channels.min() <= channels.max() < N_CHANNELS
    # SHD's channels above half the sample rate hear nothing
    assert (channels < 0.1 * N_CHANNELS).mean() < 0.1


def test_a_word_that_is_too_long_is_an_error(cochlea: Cochlea, tmp_path: Path) -> None:
    rows = tabulate(CONFIG)[:1]
    with pytest.raises(DataError, match=r"'?m1 de fünf 0.* s long, longer than data\.duration"):
        listen(rows, spoken(rows, CONFIG), cochlea, 0.1, 0, ["fünf"], tmp_path / "x.h5")
    assert not list(tmp_path.iterdir())


def test_sets_hold_the_right_utterances_whatever_the_order_of_jobs(
    cochlea: Cochlea, tmp_path: Path
) -> None:
    table = tabulate(CONFIG)
    files = [tmp_path / f"{part}.h5" for part in range(3)]
    for part in reversed(range(3)):
        hear(files[part], cochlea, of_part(table, part, 3))
    train, test = tmp_path / "train.h5", tmp_path / "test.h5"
    merge(table, files, N_CHANNELS, DURATION, train, test)

    plan = {
        train: [(v, n, c) for v in CONFIG.voices for n in range(2) for c in range(4)],
        test: [
            *[(v, 2, c) for v in ("m1",) for c in range(4)],
            *[(v, 2, c) for v in ("f2",) for c in range(4)],
            *[("f4", n, c) for n in range(2) for c in range(4)],
        ],
    }
    said = [("de", "fünf"), ("de", "eins"), ("en", "five"), ("en", "one")]
    voices = (*CONFIG.voices, *CONFIG.unseen_voices)
    for path, utterances in plan.items():
        with open_spike_file(path) as spikes:
            assert spikes.class_names == [word for _, word in said]
            samples = list(spikes.samples(np.ones(len(spikes), bool), N_CHANNELS, DURATION))
        for sample, (voice, number, label) in zip(samples, utterances, strict=True):
            assert (sample.label, voices[sample.speaker]) == (label, voice)
            language, word = said[label]
            name = f"{voice} {language} {word} {number}"
            sound = utterance(CONFIG, name, word, voice)
            rng = np.random.default_rng([CONFIG.seed, *f"{voice} {word} {name}".encode()])
            times, units = cochlea.spikes(sound, rng)
            np.testing.assert_array_equal(sample.times, times.astype(np.float32))
            np.testing.assert_array_equal(sample.units, units)
