"""The Heidelberg Digits: the 10,420 recordings behind SHD, as a table made from their names.

Cramer, Stradmann, Schemmel & Zenke 2020, IEEE TNNLS 33, 2744; compneuro.net and zenkelab.org.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikegrad.seeds import numpy_generator
from study.config.data import PUBLISHED, SEED, HeidelbergDigits
from study.data.archives import audio_names
from study.data.layout import DataError
from study.data.recordings import SPLITS, listed, numbered

NAME = re.compile(
    r"lang-(?P<language>english|german)_speaker-(?P<speaker>\d\d)_trial-\d+_digit-(?P<digit>\d)\.flac"
)
# SHD's classes, by the same names.
WORDS = {
    "english": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "german": ["null", "eins", "zwei", "drei", "vier", "fuenf", "sechs", "sieben", "acht", "neun"],
}
LABELS = [*WORDS["english"], *WORDS["german"]]
PER_WORD = {"english": 509, "german": 533}
PER_SPEAKER = (960, 950, 1050, 760, 900, 940, 470, 810, 830, 870, 830, 1050)
SPEAKERS = [f"{number:02}" for number in range(len(PER_SPEAKER))]
TEST_SPEAKERS = ("04", "05")


def tabulate(config: HeidelbergDigits, path: str | Path) -> pd.DataFrame:
    """The table of the recordings in the archive or folder ``path``.

    The test set has all of speakers 4 and 5, and so many of the others' recordings that it is as
    large as SHD's: about 5 % of each word of each of them, drawn by a seed. Raises DataError,
    naming what is missing or surplus, unless these are the published recordings.
    """
    places = audio_names(path)
    named = {place: NAME.fullmatch(PurePosixPath(place).name) for place in places}
    foreign = [place for place, found in named.items() if found is None]
    if foreign:
        raise DataError(f"{path}: {listed(foreign)} no recording of HD; take away what is foreign")
    table = pd.DataFrame(
        {
            "file": places,
            "name": [PurePosixPath(place).name for place in places],
            "label": [WORDS[found["language"]][int(found["digit"])] for found in named.values()],  # type: ignore[index]
            "speaker": [found["speaker"] for found in named.values()],  # type: ignore[index]
        }
    )
    _check_numbers(table, path)
    table = table.sort_values("name", ignore_index=True)  # wherever each lies
    words = table.groupby(["speaker", "label"])["name"]
    some = ~table["speaker"].isin(TEST_SPEAKERS)
    cells = [rows for (speaker, _), rows in words.groups.items() if speaker not in TEST_SPEAKERS]
    shares = apportion(
        np.array([len(rows) for rows in cells]), PUBLISHED["shd"].test - int((~some).sum())
    )
    rng = numpy_generator(SEED)
    drawn = np.concatenate(
        [rng.choice(rows, n, replace=False) for rows, n in zip(cells, shares, strict=True)]
    )
    in_test = ~some | table.index.isin(drawn)
    table["split"] = np.where(in_test, SPLITS[1], SPLITS[0])
    return numbered(table.drop(columns="name"), LABELS, SPEAKERS)


def apportion(sizes: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """``total`` divided in proportion to ``sizes``, by the largest remainders."""
    quotas = sizes * total / sizes.sum()
    shares = np.floor(quotas).astype(np.int64)
    largest = np.argsort(shares - quotas, kind="stable")
    shares[largest[: total - shares.sum()]] += 1
    return shares


def _check_numbers(table: pd.DataFrame, path: str | Path) -> None:
    """The published numbers of files of each word and speaker, and in all."""
    words = {word: PER_WORD[language] for language in WORDS for word in WORDS[language]}
    speakers = dict(zip(SPEAKERS, PER_SPEAKER, strict=True))
    for column, expected in (("speaker", speakers), ("label", words)):
        found = table[column].value_counts().to_dict()
        for name in expected | found:
            if found.get(name) != expected.get(name):
                raise DataError(
                    f"{path}: {len(table)} recordings, not the {sum(PER_SPEAKER)} published:"
                    f" {column} {name} has {found.get(name, 0)} instead of {expected.get(name, 0)}."
                    " Fetch the archive again: delete a downloaded one, or correct"
                    " data.path"
                )
