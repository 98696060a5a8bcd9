"""The table of recordings of any source of sounds: anyone's, and digits spoken by espeak-ng."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from spikegrad.seeds import numpy_generator
from study.config.data import SEED, Recordings, SpokenDigits
from study.data.archives import audio_names
from study.data.layout import DataError
from study.storage.tables import read_file

SPLITS = ("train", "test")
NOBODY = "unknown"
"""The speaker where none are named."""
TEST_FRACTION = 0.2  # of each class, where no speakers are named
TEXT = ("file", "label", "speaker", "split")
NAMED = ("label", "speaker")
"""What names can say of a recording."""
WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
}


def tabulate(config: Recordings, path: str | Path) -> pd.DataFrame:
    """The table of the recordings in the folder ``path``.

    Raises DataError if table and folder disagree, an entry is missing, or speakers are too few.
    """
    places = audio_names(path)
    if not places:
        raise DataError(f"{path}: no WAV, FLAC, OGG or MP3 file in it")
    if config.names is not None:
        table = from_names(places, config.names, path)
    elif config.table is not None:
        table = from_csv(str(config.table), places, path)
    else:
        table = from_folders(places, path)
    if "speaker" not in table:
        table["speaker"] = NOBODY
    if "split" not in table and set(table["speaker"]) == {NOBODY}:
        table["split"] = by_samples(table["label"])
    elif "split" not in table:
        everyone = ordered(table["speaker"])
        if config.test_speakers >= len(everyone):
            raise DataError(
                f"{path}: {len(everyone)} speakers are too few to hold out"
                f" data.recordings.test_speakers = {config.test_speakers} for the test set; add a"
                " column split to the table, or recordings of others"
            )
        rng = numpy_generator(SEED)
        chosen = rng.choice(everyone, config.test_speakers, replace=False)
        table["split"] = [SPLITS[speaker in chosen] for speaker in table["speaker"]]
    return numbered(table, ordered(table["label"]), ordered(table["speaker"]))


def from_names(places: list[str], pattern: str, path: str | Path) -> pd.DataFrame:
    """The table of recordings whose names, or paths if ``pattern`` has a /, say what they are."""
    rows = []
    for place in places:
        found = re.fullmatch(pattern, place if "/" in pattern else PurePosixPath(place).name)
        if found is None:
            raise DataError(
                f"{path}: the name '{place}' is not one of data.recordings.names = '{pattern}';"
                " rename the file, move it away, or correct the pattern"
            )
        rows.append({"file": place} | {k: v for k, v in found.groupdict().items() if k in NAMED})
    return pd.DataFrame(rows)


def from_folders(places: list[str], path: str | Path) -> pd.DataFrame:
    """The table of recordings that lie in a folder for each class."""
    rows = []
    for place in places:
        label = PurePosixPath(place).parent.name
        if not label:
            raise DataError(
                f"{path}: '{place}' lies in no folder that names its class; move it into one, or"
                " give data.recordings.table or names"
            )
        rows.append({"file": place, "label": label})
    return pd.DataFrame(rows)


def by_samples(labels: pd.Series[str]) -> list[str]:
    """The split of recordings whose speakers nobody knows: a share of each class is for testing."""
    rng = numpy_generator(SEED)
    test = np.zeros(len(labels), bool)
    for label in ordered(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        n = max(1, round(TEST_FRACTION * len(own)))
        test[own[:n]] = True
    return [SPLITS[int(one)] for one in test]


def from_csv(csv: str | Path, places: list[str], path: str | Path) -> pd.DataFrame:
    """The table in the file ``csv``, which must name all recordings ``places`` of ``path``."""
    try:
        table = pd.read_csv(csv, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{csv}: no such file; see data.recordings.table") from None
    except (ValueError, OSError) as problem:  # pandas' errors are ValueErrors
        raise DataError(f"{csv}: not a table in CSV, in UTF-8 ({problem})") from None
    columns = ["file", "label", *(name for name in ("speaker", "split") if name in table)]
    for column in columns:
        if column not in table:
            raise DataError(
                f"{csv}: no column '{column}'; it needs file and label, may have speaker and split"
            )
        table[column] = table[column].str.strip()
    _refuse(csv, table["label"] == "", "label is missing; fill it in")
    if "split" in table:
        _refuse(csv, ~table["split"].isin(SPLITS), "split must be train or test")
    _refuse(csv, table["file"].duplicated(), "this recording has a line already; take one out")
    absent = [name for name in table["file"] if name not in places]
    if absent:
        raise DataError(
            f"{csv}: {listed(absent)} not in {path}; correct the names (they start below that"
            " folder), take the lines out, or add the files"
        )
    extra = sorted(set(places) - set(table["file"]))
    if extra:
        raise DataError(
            f"{path}: {listed(extra)} not in the table {csv}; add lines for them, or move them away"
        )
    return table[columns]


def _refuse(csv: str | Path, wrong: pd.Series[bool], problem: str) -> None:
    for i in np.flatnonzero(wrong)[:1]:
        raise DataError(f"{csv}, line {i + 2}: {problem}")


def tabulate_spoken(config: SpokenDigits, path: object = None) -> pd.DataFrame:
    """The table of all samples; `file` is a sample's name, since there is no file.

    The test set holds the unseen voices and the last samples of the others.
    """
    words = [(language, WORDS[language][n]) for language in config.languages for n in config.digits]
    rows = [
        {
            "file": f"{voice} {language} {word} {number}",
            "label": word,
            "speaker": voice,
            "split": "train" if voice in config.voices and number < config.utterances else "test",
        }
        for voices, n in (
            (config.voices, config.utterances + 1),
            (config.unseen_voices, config.utterances),
        )
        for voice in voices
        for number in range(n)
        for language, word in words
    ]
    speakers = [*config.voices, *config.unseen_voices]
    return numbered(pd.DataFrame(rows), [word for _, word in words], speakers)


def numbered(table: pd.DataFrame, labels: Sequence[str], speakers: Sequence[str]) -> pd.DataFrame:
    """``table`` with the numbers of labels and speakers in these lists, ordered by speaker."""
    table = table.assign(
        label_number=table["label"].map({label: i for i, label in enumerate(labels)}),
        speaker_number=table["speaker"].map({name: i for i, name in enumerate(speakers)}),
    )
    return table.sort_values("speaker_number", kind="stable", ignore_index=True)


def read_recordings(path: str | Path) -> pd.DataFrame:
    """A table that :func:`tabulate` made, as it was."""
    return read_file(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False)


def check_splits(table: pd.DataFrame) -> None:
    """Raise DataError unless ``table`` gives a training and a test set, and trains each
    label."""
    training = table[table["split"] == "train"]
    for split in SPLITS:
        if not (table["split"] == split).any():
            raise DataError(f"no recording is in the {split} set: correct the splits")
    untrained = [name for name in table["label"].unique() if name not in set(training["label"])]
    if untrained:
        raise DataError(
            f"{listed(untrained)} in the test set only: move recordings of each label into training"
        )


def ordered(names: Iterable[str]) -> list[str]:
    """The distinct ``names``: numbers by their value, before others by the alphabet."""
    return sorted(set(names), key=lambda n: (0, int(n), n) if n.isdecimal() else (1, 0, n))


def listed(names: Sequence[str]) -> str:
    """``names`` for an error message: the first five, and how many more; with the verb."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    verb = "is" if len(names) == 1 else "are"
    return ", ".join(f"'{name}'" for name in names[:5]) + f"{more} {verb}"
