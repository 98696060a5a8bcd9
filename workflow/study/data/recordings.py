"""The table of recordings of any source of sounds: anyone's, and digits spoken by espeak-ng."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from study.config.data import FileNames, Recordings, SpokenDigits, Validation
from study.data.archives import audio_names
from study.data.layout import DataError
from study.storage.columns import Table

SPLITS = ("train", "test")
TEXT = ("file", "label", "speaker", "split")
WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
}

RECORDINGS_TABLE = Table(
    files=("data/recordings.csv",),
    says="The recordings that became spikes, ordered by speaker; where sounds are the source.",
    columns={
        "file": "its place in a folder or archive, or the name of a synthetic sample",
        "label": "word that is spoken",
        "speaker": "who speaks",
        "split": "train or test",
        "label_number": "class, from 0",
        "speaker_number": "speaker, from 0",
    },
)


def tabulate(config: Recordings, path: str | Path) -> pd.DataFrame:
    """The table of the recordings in the folder or archive ``path``; DataError if table and folder
    disagree, an entry is missing or wrong, or speakers are too few."""
    places = audio_names(path)
    if config.n_files not in (None, len(places)):
        raise DataError(
            f"{path}: {len(places)} recordings instead of data.recordings.n_files ="
            f" {config.n_files}; complete them, or correct that number"
        )
    if not places:
        raise DataError(f"{path}: no WAV, FLAC, OGG or MP3 file in it")
    if config.names is not None:
        table = from_names(places, config.names, path)
    else:
        table = from_csv(str(config.table), places, path)
    if "split" not in table:
        everyone = ordered(table["speaker"])
        if config.test_speakers >= len(everyone):
            raise DataError(
                f"{path}: {len(everyone)} speakers are too few to hold out"
                f" data.recordings.test_speakers = {config.test_speakers} for the test set; add a"
                " column split to the table, or recordings of others"
            )
        rng = np.random.default_rng(config.seed)
        chosen = rng.choice(everyone, config.test_speakers, replace=False)
        table["split"] = [SPLITS[speaker in chosen] for speaker in table["speaker"]]
    return numbered(table, ordered(table["label"]), ordered(table["speaker"]))


def from_names(places: dict[str, str], names: FileNames, path: str | Path) -> pd.DataFrame:
    """The table of recordings whose names say label and speaker."""
    rows = []
    for place in places.values():
        name = PurePosixPath(place).name
        found = re.fullmatch(names.pattern, name)
        if found is None or not found["label"] or not found["speaker"]:
            raise DataError(
                f"{path}: the name '{place}' is not one of data.recordings.names.pattern ="
                f" '{names.pattern}'; rename the file, move it away, or correct the pattern"
            )
        row = {"file": place, "label": found["label"], "speaker": found["speaker"]}
        if names.test is not None:
            row["split"] = SPLITS[re.fullmatch(names.test, name) is not None]
        rows.append(row)
    return pd.DataFrame(rows)


def from_csv(csv: str | Path, places: dict[str, str], path: str | Path) -> pd.DataFrame:
    """The table in the file ``csv``, which must name all recordings ``places`` of ``path``."""
    try:
        table = pd.read_csv(csv, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{csv}: no such file; see data.recordings.table") from None
    except (ValueError, OSError) as problem:  # pandas' errors are ValueErrors
        raise DataError(f"{csv}: not a table in CSV, in UTF-8 ({problem})") from None
    columns = ["file", "label", "speaker", *(["split"] if "split" in table else [])]
    for column in columns:
        if column not in table:
            raise DataError(
                f"{csv}: no column '{column}'; it needs file, label and speaker, and may have split"
            )
        table[column] = table[column].str.strip()
        for i in np.flatnonzero(table[column] == "")[:1]:
            raise DataError(f"{csv}, line {i + 2}: {column} is missing; fill it in")
    if "split" in table:
        for i in np.flatnonzero(~table["split"].isin(SPLITS))[:1]:
            raise DataError(
                f"{csv}, line {i + 2}: split is '{table['split'][i]}'; it must be train or test"
            )
    table["file"] = [PurePosixPath(name.replace("\\", "/")).as_posix() for name in table["file"]]
    for i in np.flatnonzero(table["file"].duplicated())[:1]:
        raise DataError(
            f"{csv}, line {i + 2}: '{table['file'][i]}' stands there for the second time; each"
            " recording may have one line"
        )
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
    return table[columns].assign(file=table["file"].map(places))


def tabulate_spoken(config: SpokenDigits, path: object = None) -> pd.DataFrame:
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


def numbered(table: pd.DataFrame, labels: Sequence[str], speakers: Sequence[str]) -> pd.DataFrame:
    """``table`` with the numbers of labels and speakers in these lists, ordered by speaker."""
    table = table.assign(
        label_number=table["label"].map({label: i for i, label in enumerate(labels)}),
        speaker_number=table["speaker"].map({name: i for i, name in enumerate(speakers)}),
    )
    return table.sort_values("speaker_number", kind="stable", ignore_index=True)


def read_table(path: str | Path) -> pd.DataFrame:
    """A table that :func:`tabulate` made, as it was."""
    return pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False)


def check_splits(table: pd.DataFrame, validation: Validation) -> None:
    """Raise DataError unless ``table`` gives a training, a validation and a test set."""
    training = table[table["split"] == "train"]
    for split in SPLITS:
        if not (table["split"] == split).any():
            raise DataError(f"no recording is in the {split} set: correct the splits")
    untrained = [name for name in table["label"].unique() if name not in set(training["label"])]
    if untrained:
        raise DataError(
            f"{listed(untrained)} in the test set only: move recordings of each label into training"
        )
    speakers = training["speaker"].nunique()
    if validation.speakers >= speakers:
        raise DataError(
            f"{speakers} training speakers are too few to hold out data.validation.speakers ="
            f" {validation.speakers}: lower that (0 takes samples of all speakers), or add speakers"
        )


def ordered(names: Iterable[str]) -> list[str]:
    """The distinct ``names``: numbers by their value, before others by the alphabet."""
    return sorted(set(names), key=lambda n: (0, int(n), n) if n.isdecimal() else (1, 0, n))


def listed(names: Sequence[str]) -> str:
    """``names`` for an error message: the first five, and how many more; with the verb."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    verb = "is" if len(names) == 1 else "are"
    return ", ".join(f"'{name}'" for name in names[:5]) + f"{more} {verb}"
