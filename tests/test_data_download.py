"""Downloads from a local server that misbehaves as networks do, and archives of recordings."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tonic.datasets

from spikefiles import original_file
from study.config.data import PUBLISHED, Sizes
from study.data import download
from study.data.archives import audio_names, read_audio
from study.data.download import fetch_published
from study.data.layout import DataError
from webserver import BEFORE_HANGING_UP, Server, serving

FILES = {
    f"hd/audio/{i}.flac": np.random.default_rng(i).bytes(3000 + i) for i in (2, 0, 1, 3, 4, 5)
} | {"hd/notes.txt": b"about"}


def packed(folder: Path, kind: str) -> Path:
    """``FILES`` as a folder, or as an archive with what a Mac adds."""
    for name, content in (FILES | {"__MACOSX/hd/audio/._0.flac": b"x"}).items():
        file = folder / "files" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if kind == "folder":
        return folder / "files" / "hd"
    form = kind.replace("tar.gz", "gztar")
    return Path(shutil.make_archive(str(folder / "archive"), form, folder / "files"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setattr(download, "WAIT", 0.0)
    monkeypatch.setattr(download, "ATTEMPTS", 3)
    with serving(packed(tmp_path, "tar.gz").read_bytes()) as server:
        yield server


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "data" / "archive.tar.gz"


def fetch(output: Path, *urls: str) -> None:
    download.fetch(urls, output, audio_names)


def part_of(output: Path) -> Path:
    return output.with_name(f".{output.name}.part")


def assert_whole(output: Path, server: Server) -> None:
    assert output.read_bytes() == server.body
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize(
    "fault", ["hang up", "corrupt", "page", "503", "no length", "too long", "too short"]
)
def test_a_passing_fault_is_survived(
    server: Server, output: Path, fault: str, ranges: bool
) -> None:
    server.faults, server.ranges = [fault], ranges
    fetch(output, server.url)
    assert_whole(output, server)


def test_a_download_goes_on_as_long_as_each_attempt_brings_bytes(
    server: Server, output: Path
) -> None:
    server.faults = ["hang up"] * 4
    fetch(output, server.url)
    assert len(set(server.asked)) == 5
    assert_whole(output, server)


def test_the_mirror_is_asked_and_goes_on(server: Server, output: Path) -> None:
    server.faults = ["404", "hang up", "404", ""]
    fetch(output, server.folder + "gone", server.url)
    assert_whole(output, server)
    assert server.asked[1] == 0
    assert server.asked[3] > 0


@pytest.mark.parametrize(("fault", "attempts"), [("corrupt", 3), ("429", 3), ("404", 1)])
def test_a_lasting_fault_ends_in_one_error(
    server: Server, output: Path, fault: str, attempts: int
) -> None:
    """A file that the server does not know is asked for once."""
    server.faults = [fault] * 9
    message = rf"could not download http.*{attempts} attempts; the last: .*name it as path"
    with pytest.raises(DataError, match=message):
        fetch(output, server.url, server.url)
    assert len(server.asked) == 2 * attempts
    assert list(output.parent.iterdir()) == []


def test_no_server_ends_in_one_error(server: Server, output: Path) -> None:
    server.server_close()
    with pytest.raises(DataError, match="could not download"):
        fetch(output, server.url)


def test_what_a_lost_connection_leaves_is_kept_for_the_next_run(
    server: Server, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a killed download does: each block is in the part as soon as it arrives."""
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    server.faults = ["hang up"]
    with pytest.raises(DataError, match=f"{BEFORE_HANGING_UP} bytes are kept"):
        fetch(output, server.url)
    assert part_of(output).read_bytes() == server.body[:BEFORE_HANGING_UP]
    assert not output.exists()
    fetch(output, server.url)
    assert server.asked[-1] == BEFORE_HANGING_UP
    assert_whole(output, server)


@pytest.mark.parametrize("part", ["whole", "too long", "another"])
def test_a_part_is_not_trusted(server: Server, output: Path, part: str) -> None:
    contents = {"whole": server.body, "too long": server.body + b"x", "another": b"another" * 99}
    part_of(output).parent.mkdir()
    part_of(output).write_bytes(contents[part])
    fetch(output, server.url)
    assert_whole(output, server)


@pytest.fixture
def published(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small file in the place of SHD's training file, whose zip the server has."""
    folder = tmp_path / "published"
    folder.mkdir()
    original_file(folder / "shd_train.h5", 23, 4)
    with zipfile.ZipFile(folder / "shd_train.h5.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "shd_train.h5", "shd_train.h5")
    server.body = (folder / "shd_train.h5.zip").read_bytes()
    monkeypatch.setattr(tonic.datasets.SHD, "train_md5", hashlib.md5(server.body).hexdigest())
    monkeypatch.setattr(download, "PUBLISHED", dict.fromkeys(PUBLISHED, Sizes(23, 23, 23, 4)))
    monkeypatch.setattr(download, "MIRRORS", (server.folder,))
    return folder


def test_a_published_file_arrives(published: Path, server: Server, tmp_path: Path) -> None:
    output = tmp_path / "data" / "train.h5"
    server.faults = ["hang up", "corrupt"]
    fetch_published("shd", "train", None, output)
    assert server.path == "/shd_train.h5.zip"
    assert output.read_bytes() == (published / "shd_train.h5").read_bytes()
    assert list(output.parent.iterdir()) == [output]
    assert download.published_file("ssc", "validation")[0] == "ssc_valid.h5"


@pytest.mark.parametrize("kept", ["shd_train.h5.zip", "shd_train.h5"])
def test_a_copy_on_disk_is_taken_without_the_network(
    published: Path, server: Server, tmp_path: Path, kept: str
) -> None:
    mine, output = tmp_path / "mine" / kept, tmp_path / "data" / "train.h5"
    mine.parent.mkdir()
    mine.write_bytes((published / kept).read_bytes())
    fetch_published("shd", "train", str(mine.parent), output)
    assert output.read_bytes() == (published / "shd_train.h5").read_bytes()
    assert mine.exists()
    assert server.asked == []


def test_a_copy_that_is_not_the_published_one_is_refused(published: Path, tmp_path: Path) -> None:
    output, mine = tmp_path / "data" / "train.h5", published / "shd_train.h5"
    archive = published / "shd_train.h5.zip"
    archive.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(DataError, match=r"shd_train\.h5\.zip: not the published archive"):
        fetch_published("shd", "train", str(published), output)
    archive.unlink()
    original_file(mine, 22, 4)
    with pytest.raises(DataError, match=r"published.*22 samples of 4 classes instead of 23 of 4"):
        fetch_published("shd", "train", str(published), output)
    with pytest.raises(DataError, match=r"neither shd_test\.h5\.zip nor shd_test\.h5 is there"):
        fetch_published("shd", "test", str(published), output)
    assert list(output.parent.iterdir()) == []


def test_the_published_numbers_of_samples() -> None:
    """As on zenkelab.org/resources/spiking-heidelberg-datasets-shd."""
    totals = {"shd": 10_420, "ssc": 105_829}
    assert {source: sum(own[:3]) for source, own in PUBLISHED.items()} == totals


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_recordings_are_read_alike_from_folders_and_archives(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind)
    places = audio_names(path)
    assert list(places) == [f"audio/{i}.flac" for i in range(6)]
    wanted = [places[f"audio/{i}.flac"] for i in (0, 1)]
    read = dict(read_audio(path, wanted))
    assert [read[place] for place in wanted] == [FILES[f"hd/audio/{i}.flac"] for i in (0, 1)]
    with pytest.raises(DataError, match=r"none\.flac"):
        list(read_audio(path, ["none.flac"]))


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_in_an_archive_are_names_only(tmp_path: Path, kind: str) -> None:
    """Absolute ones, and those above: nothing is written. Two of one name are refused."""
    path = tmp_path / "in" / f"archive.{kind}"
    path.parent.mkdir()

    def write(*names: str) -> None:
        if kind == "zip":
            with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of two of one name
                for name in names:
                    archive.writestr(name, name)
            return
        with tarfile.open(path, "w") as archive:
            for name in names:
                about = tarfile.TarInfo(name)
                about.size = len(name)
                archive.addfile(about, io.BytesIO(name.encode()))
            link = tarfile.TarInfo("link.wav")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)

    write("/abs/a.wav", "../../b.wav", "d/../c.wav", "e.wav")
    places = audio_names(path)  # as if hidden: what has a part that begins with a dot
    content = dict(read_audio(path, list(places.values())))
    assert sorted(content.values()) == [b"/abs/a.wav", b"e.wav"]
    assert [*tmp_path.rglob("*.wav")] == []
    write("a.wav", "a.wav")
    with pytest.raises(DataError, match=r"2 recordings 'a\.wav' in it; take out all but one"):
        audio_names(path)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_that_is_cut_short_or_changed_is_refused(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind)
    whole = path.read_bytes()
    damages = [whole[: len(whole) // 2], b"", b"no archive" * 200]
    if kind != "tar":  # which ends in zeros, and has no checksum of contents; FLAC has its own
        changed = bytearray(whole)
        changed[len(whole) // 2] ^= 1
        damages += [whole[:-2000], bytes(changed)]
    for damage in damages:
        path.write_bytes(damage)
        with pytest.raises(DataError, match=r"archive\..*not a whole tar, tar\.gz or zip"):
            audio_names(path)
    with pytest.raises(DataError, match="no such file"):
        audio_names(tmp_path / "nowhere.zip")
