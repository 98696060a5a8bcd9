"""Anyone's recordings: formats, tables, splits, and every mistake with its file and cure."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
import soundfile

from spikefiles import read_all
from spikegrad.cochlea import Cochlea
from spikegrad.membrane import Membrane
from study.config.data import Recordings
from study.data.audio import decode, resample
from study.data.encoding import encode, labels_of, merge, of_part, recorded
from study.data.layout import DataError
from study.data.recordings import check_splits, read_recordings, tabulate

RATE, N_CHANNELS, DURATION = 24_000, 20, 0.4
FORMATS = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}


def tone(seed: int = 0, seconds: float = 0.3, rate: int = RATE) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    waves = sum(np.sin(2 * np.pi * f * t) for f in rng.uniform(200, 2000, 3))
    return 0.2 * waves + 0.01 * rng.standard_normal(len(t))


def write(folder: Path, name: str, sound: np.ndarray, rate: int = RATE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, subtype=FORMATS[path.suffix[1:]])
    return path


ROWS = [
    ("anna/yes.wav", "yes", "anna"),
    ("anna/no.wav", "no", "anna"),
    ("ben/yes.flac", "yes", "ben"),
    ("ben/no.ogg", "no", "ben"),
    ("cem/yes.mp3", "yes", "cem"),
    ("cem/no.wav", "no", "cem"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, (name, _, _) in enumerate(ROWS):
        write(tmp_path / "sounds", name, tone(i))
    (tmp_path / "sounds" / "readme.txt").write_text("no sound")
    return tmp_path / "sounds"


def table_of(folder: Path, rows: list[tuple[str, ...]] = ROWS) -> Recordings:
    columns = ["file", "label", "speaker", "split"][: len(rows[0])]
    csv = folder.parent / "table.csv"
    pd.DataFrame(rows, columns=columns).to_csv(csv, index=False)
    return Recordings(folder=str(folder), table=str(csv))


@pytest.fixture(scope="module")
def cochlea() -> Cochlea:
    return Cochlea(Membrane.build(N_CHANNELS, DURATION, RATE))


@pytest.mark.parametrize(
    ("kind", "rate"),
    [("wav", RATE), ("wav", 8000), ("flac", 44_100), ("ogg", 44_100), ("mp3", 8000)],
)
def test_every_format_and_rate_gives_the_same_sound(tmp_path: Path, kind: str, rate: int) -> None:
    sound = tone(rate=48_000)
    file = write(tmp_path, f"a.{kind}", resample(sound, 48_000, rate), rate)
    decoded, found = decode(file.read_bytes(), file.name)
    assert found == rate
    again = resample(decoded, rate, RATE)
    assert abs(len(again) - 0.3 * RATE) < 0.005 * RATE
    expected = resample(sound, 48_000, RATE)[: len(again)]
    error = again[: len(expected)] - expected
    assert error.std() < (0.04 if kind in ("wav", "flac") else 0.1) * expected.std()


def test_a_table_has_numbers_and_holds_out_a_whole_speaker_or_keeps_its_split(folder: Path) -> None:
    table = tabulate(table_of(folder), folder)
    assert labels_of(table) == ["no", "yes"]
    assert table["speaker_number"].tolist() == [0, 0, 1, 1, 2, 2]
    table.to_csv(folder.parent / "made.csv", index=False)
    pd.testing.assert_frame_equal(read_recordings(folder.parent / "made.csv"), table)
    held_out = table["speaker"][table["split"] == "test"].tolist()
    assert held_out in [[s, s] for s in ("anna", "ben", "cem")]
    rows = [(*row, "test" if "no" in row[0] else "train") for row in ROWS]
    table = tabulate(table_of(folder, rows), folder)
    assert dict(zip(table["file"], table["split"], strict=True)) == {r[0]: r[3] for r in rows}


TAKES = [f"{speaker}{take}.wav" for speaker in "789" for take in ("", "b")]
FOLDERS = [f"{label}/{take}" for label in ("down", "up") for take in TAKES]


def test_a_folder_for_each_class_is_enough(tmp_path: Path) -> None:
    """No speakers are named: samples are held out, of each class as many."""
    for i, name in enumerate(FOLDERS):
        write(tmp_path, name, tone(i))
    config = Recordings(folder=str(tmp_path))
    table = tabulate(config, tmp_path)
    assert labels_of(table) == ["down", "up"]
    assert table["label"].tolist() == [name.split("/")[0] for name in table["file"]]
    assert set(table["speaker"]) == {"unknown"}
    tested = (table["split"] == "test").groupby(table["label"]).sum()
    assert tested.to_dict() == {"down": 1, "up": 1}
    write(tmp_path, "lost.wav", tone())
    with pytest.raises(DataError, match=r"'lost\.wav' lies in no folder that names its class"):
        tabulate(config, tmp_path)


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        (FOLDERS, r"(?P<label>up|down)/(?P<speaker>\d+)b?\.wav"),
        (["a/10_7_0.wav", "a/10_8_1.wav", "b/0_7_0.wav", "9_9_9.wav"],  # as the FSDD's
         r"(?P<label>\d+)_(?P<speaker>\d)_\d\.wav"),
    ],
)  # fmt: skip
def test_names_or_paths_may_say_it_all(tmp_path: Path, files: list[str], pattern: str) -> None:
    for name in files:
        write(tmp_path, name, tone())
    config = Recordings(folder=str(tmp_path), names=pattern)
    table = tabulate(config, tmp_path)
    assert sorted(table["file"]) == sorted(files)
    for row in table.itertuples():
        assert row.label in row.file
        assert row.speaker in row.file
    assert labels_of(table) == (["down", "up"] if files == FOLDERS else ["0", "9", "10"])
    write(tmp_path, "theo.wav", tone())
    with pytest.raises(DataError, match=r"'theo\.wav' is not one of data\.recordings\.names"):
        tabulate(config, tmp_path)


def encoded(folder: Path, config: Recordings, cochlea: Cochlea, parts: int) -> list[Path]:
    """train.h5 and test.h5."""
    table = tabulate(config, folder)
    files = [folder.parent / f"{parts}-{part}.h5" for part in range(parts)]
    for part in reversed(range(parts)):
        rows = of_part(table, part, parts)
        sounds = recorded(rows, folder, RATE)
        encode(rows, sounds, cochlea, DURATION, labels_of(table), files[part])
    sets = [folder.parent / f"{split}.h5" for split in ("train", "test")]
    merge(table, files, N_CHANNELS, DURATION, *sets)
    return sets


def test_spikes_do_not_depend_on_jobs_or_folders(folder: Path, cochlea: Cochlea) -> None:
    config = table_of(folder)
    first = [path.read_bytes() for path in encoded(folder, config, cochlea, 1)]
    assert [path.read_bytes() for path in encoded(folder, config, cochlea, 5)] == first
    folder = folder.rename(folder.parent / "elsewhere")
    sets = encoded(folder, config, cochlea, 2)
    assert [path.read_bytes() for path in sets] == first
    table = tabulate(config, folder)
    sounds = dict(recorded(table, folder, RATE))
    for path, split in zip(sets, ("train", "test"), strict=True):
        rows = table[table["split"] == split].to_dict("records")
        for row, sample in zip(rows, read_all(path, N_CHANNELS, DURATION), strict=True):
            name = f"{row['speaker']} {row['label']} {PurePosixPath(row['file']).name}"
            rng = np.random.default_rng([0, *name.encode()])
            times, units = cochlea.spikes(sounds[row["file"]], rng)
            assert len(times) > 20
            np.testing.assert_array_equal(sample.times, times.astype(np.float32))
            np.testing.assert_array_equal(sample.units, units)
            assert sample.label == labels_of(table).index(row["label"])
            assert sample.speaker == row["speaker_number"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, ROWS[0]], r"table\.csv, line 8: this recording has a line already"),
        ([*ROWS, ("dora/no.wav", "no", "dora")], r"table\.csv: 'dora/no\.wav' is not in .*sounds;"),
        (ROWS[:-2], r"'cem/no\.wav', 'cem/yes\.mp3' are not in the table .*table\.csv; add"),
        ([("anna/yes.wav", "", "anna"), *ROWS[1:]], r"table\.csv, line 2: label is missing"),
        ([(*r, "valid") for r in ROWS], "line 2: split must be train or test"),
        ([r[:1] for r in ROWS], r"table\.csv: no column 'label'"),
        ([(*r[:2], "anna") for r in ROWS], r"1 speakers are too few .*test_speakers = 1"),
    ],
)
def test_mistakes_in_a_table_are_named(folder: Path, rows: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        tabulate(table_of(folder, rows), folder)


def test_what_is_not_there_is_named(folder: Path, tmp_path: Path) -> None:
    config = table_of(folder)
    with pytest.raises(DataError, match=r"nowhere\.csv: no such file"):
        tabulate(config.model_copy(update={"table": str(tmp_path / "nowhere.csv")}), folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no WAV, FLAC, OGG or MP3 file"):
        tabulate(config, tmp_path / "empty")
    table = tabulate(config, folder)
    check_splits(table)
    untrained = table.assign(split=np.where(table["label"] == "no", "test", "train"))
    with pytest.raises(DataError, match="'no' is in the test set only"):
        check_splits(untrained)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_is_cut_short_is_named(tmp_path: Path, kind: str) -> None:
    content = write(tmp_path, f"whole.{kind}", tone()).read_bytes()
    for share in (0.02, 0.9):
        with pytest.raises(DataError, match=r"mine: .*(cut short|not a whole audio file)"):
            decode(content[: int(share * len(content))], "mine")


@pytest.mark.parametrize("value", [0.0, 0.25, np.nan])
def test_what_is_no_sound_is_named(tmp_path: Path, value: float) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(2000, value), RATE, subtype="DOUBLE")
    with pytest.raises(DataError, match=r"a\.wav: silent, or not of numbers"):
        decode((tmp_path / "a.wav").read_bytes(), "a.wav")


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    left, right = tone(1), tone(2)
    file = write(tmp_path, "a.wav", np.stack([left, right], axis=1))
    sound, _ = decode(file.read_bytes(), "a.wav")
    np.testing.assert_allclose(sound, (left + right) / 2, atol=1e-4)


def test_what_is_longer_than_a_sample_is_named(folder: Path, cochlea: Cochlea) -> None:
    write(folder, "ben/no.ogg", tone(seconds=0.5))
    with pytest.raises(DataError, match=r"ben/no\.ogg: 0\.50 s long, longer than data\.duration"):
        encoded(folder, table_of(folder), cochlea, 1)
