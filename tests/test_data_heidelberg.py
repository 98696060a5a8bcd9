"""The Heidelberg Digits: the table against the published numbers, the sample against SHD."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

from smoke import ROOT
from spikegrad.cochlea import Cochlea
from spikegrad.membrane import Membrane
from study.config.data import HeidelbergDigits
from study.data import heidelberg_digits
from study.data.audio import decode
from study.data.heidelberg_digits import LABELS, PER_SPEAKER, PER_WORD, apportion
from study.data.layout import DataError
from study.data.shd import RATES

SAMPLE = ROOT.parent / "shared" / "data" / "hd_audio_sample"


def published_names() -> list[str]:
    """Names with the published numbers of each word and speaker; who says what how often is not."""
    words = [(language, digit) for language in PER_WORD for digit in range(10)]
    said = [word for n in range(max(PER_WORD.values())) for word in words if n < PER_WORD[word[0]]]
    speakers = np.repeat(np.arange(12), PER_SPEAKER)
    return [
        f"lang-{language}_speaker-{speaker:02}_trial-{trial}_digit-{digit}.flac"
        for trial, ((language, digit), speaker) in enumerate(zip(said, speakers, strict=True))
    ]


def tabulate(places: list[str]) -> pd.DataFrame:
    """The table of an archive with the files ``places``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heidelberg_digits, "audio_names", lambda _: places)
        return heidelberg_digits.tabulate(HeidelbergDigits(), "hd")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return tabulate(published_names())


def test_the_table_is_what_the_names_say(table: pd.DataFrame) -> None:
    assert len(table) == 10_420
    names = table["file"].str.extract(r"lang-(\w)\w+_speaker-(\d+)_trial-\d+_digit-(\d)\.flac$")
    label = names[2].astype(int) + 10 * (names[0] == "g")
    assert (table["label_number"] == label).all()
    assert table["label"].tolist() == [LABELS[number] for number in label]
    assert (table["speaker_number"] == names[1].astype(int)).all()
    assert table["speaker_number"].is_monotonic_increasing


def test_the_test_set_is_as_large_as_shds(table: pd.DataFrame) -> None:
    test = table[table["split"] == "test"]
    assert (len(table) - len(test), len(test)) == (8156, 2264)
    held_out = table["speaker_number"].isin([4, 5])
    assert (table.loc[held_out, "split"] == "test").all()
    rest = table[~held_out]
    words = (rest["split"] == "test").groupby([rest["speaker"], rest["label"]]).agg(["sum", "size"])
    assert (abs(words["sum"] - words["size"] * 424 / len(rest)) < 1).all()  # 5 % of each


def test_shares_are_whole_and_nearest_to_proportion() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(1, 60, 30)
        total = int(rng.integers(0, sizes.sum()))
        shares = apportion(sizes, total)
        assert shares.sum() == total
        assert (abs(shares - sizes * total / sizes.sum()) < 1).all()
        assert (shares <= sizes).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n[:-1], "10419 recordings, not the 10420 .*speaker 11 has 1049 instead of 1050"),
        (lambda n: [n[0].replace("digit-0", "digit-4"), *n[1:]], "zero has 508 instead of 509"),
        (lambda n: [*n, "a/other.flac"], r"'a/other\.flac' is no recording of HD"),
    ],
)
def test_what_is_missing_or_surplus_is_named(
    change: Callable[[list[str]], list[str]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        tabulate(change(published_names()))


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    """Five words of each language by each speaker, through every tenth channel to save time."""
    if not SAMPLE.is_dir():
        pytest.skip(f"no sample of the Heidelberg Digits at {SAMPLE}")
    cochlea = Cochlea(Membrane.build(70, 1.4, 48_000))

    def rows() -> Iterator[dict[str, float]]:
        for file in sorted(SAMPLE.glob("*.flac"))[::2]:
            sound, rate = decode(file.read_bytes(), file.name)
            assert rate == 48_000
            times, channels = cochlea.spikes(sound, np.random.default_rng([*file.name.encode()]))
            _, speaker, _, _ = file.name.split("_")
            yield {
                "english": "english" in file.name,
                "speaker": int(speaker.removeprefix("speaker-")),
                "rate": 10 * len(times) * rate / len(sound) / 1000,
                "channels": 10 * len(np.unique(channels)),
            }

    return pd.DataFrame(rows())


def test_rates_of_the_sample_are_shds(sample: pd.DataFrame) -> None:
    """Against what is published of SHD: the mean, and who is louder than whom."""
    rates = sample.groupby("speaker")["rate"].mean()[list(RATES)]
    published = np.array(list(RATES.values()))
    assert abs(rates.mean() / published.mean() - 1) < 0.08
    assert np.corrcoef(rates, published)[0, 1] > 0.9


def test_channels_of_the_sample_are_shds(sample: pd.DataFrame) -> None:
    english = sample[sample["english"] & sample["speaker"].isin(RATES)]
    assert abs(english["channels"].mean() - 558) < 38
