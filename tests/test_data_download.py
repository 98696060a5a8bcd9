"""Downloads from a local server that misbehaves as networks do, and archives of recordings."""

from __future__ import annotations

import hashlib
import shutil
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

FILES = {f"hd/{i}.flac": np.random.default_rng(i).bytes(3000 + i) for i in (2, 0, 1, 3, 4, 5)}


def packed(folder: Path, kind: str) -> Path:
    """``FILES`` and a text, as a folder, or as an archive with what a Mac adds."""
    for name, content in (FILES | {"hd/notes.txt": b"", "__MACOSX/hd/._0.flac": b""}).items():
        file = folder / "files" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if kind == "folder":
        return folder / "files"
    return Path(shutil.make_archive(str(folder / "archive"), kind, folder / "files"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setattr(download, "WAIT", 0.0)
    with serving(packed(tmp_path, "gztar").read_bytes()) as server:
        yield server


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "data" / "archive.tar.gz"


def assert_whole(output: Path, server: Server) -> None:
    assert output.read_bytes() == server.body
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("fault", ["hang up", "corrupt", "page", "503"])
def test_a_passing_fault_is_survived(
    server: Server, output: Path, fault: str, ranges: bool
) -> None:
    server.faults, server.ranges = [fault], ranges
    download.fetch([server.url], output, audio_names)
    assert_whole(output, server)


def test_a_missing_file_is_had_from_the_mirror(server: Server, output: Path) -> None:
    server.faults = ["404"]
    download.fetch([server.folder + "gone", server.url], output, audio_names)
    assert_whole(output, server)


def test_what_a_lost_connection_leaves_is_kept_for_the_next_run(
    server: Server, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a killed download does: each block is in the part as soon as it arrives."""
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    server.faults = ["hang up"]
    with pytest.raises(DataError, match=r"could not download http.*cut off.*name it as data.path"):
        download.fetch([server.url], output, audio_names)
    assert not output.exists()
    download.fetch([server.url], output, audio_names)
    assert server.asked[-1] == BEFORE_HANGING_UP
    assert_whole(output, server)


@pytest.mark.parametrize("part", ["whole", "another"])
def test_a_part_is_checked(server: Server, output: Path, part: str) -> None:
    """One that was whole when the job was killed, and one of another file."""
    output.parent.mkdir()
    left = server.body if part == "whole" else b"another" * 99
    output.with_name(f".{output.name}.part").write_bytes(left)
    download.fetch([server.url], output, audio_names)
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


@pytest.mark.parametrize("kept", ["shd_train.h5.zip", "shd_train.h5"])
def test_a_copy_on_disk_is_taken_without_the_network(
    published: Path, server: Server, tmp_path: Path, kept: str
) -> None:
    output = tmp_path / "data" / "train.h5"
    mine = shutil.copy(published / kept, tmp_path)
    fetch_published("shd", "train", str(tmp_path), output)
    assert output.read_bytes() == (published / "shd_train.h5").read_bytes()
    assert Path(mine).exists()
    assert server.asked == []


def test_a_copy_that_is_not_the_published_one_is_refused(published: Path, tmp_path: Path) -> None:
    output, mine = tmp_path / "data" / "train.h5", published / "shd_train.h5"
    archive = published / "shd_train.h5.zip"
    archive.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(DataError, match=r"shd_train\.h5\.zip: not the published archive"):
        fetch_published("shd", "train", str(published), output)
    archive.unlink()
    original_file(mine, 22, 4)
    with pytest.raises(DataError, match=r"not the published file: it has \(22, 4\)"):
        fetch_published("shd", "train", str(published), output)
    with pytest.raises(DataError, match=r"neither shd_test\.h5\.zip nor shd_test\.h5 is there"):
        fetch_published("shd", "test", str(published), output)
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "tar", "gztar"])
def test_recordings_are_read_alike_from_folders_and_archives(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind)
    assert audio_names(path) == sorted(FILES)
    wanted = ["hd/0.flac", "hd/1.flac"]
    assert dict(read_audio(path, wanted)) == {name: FILES[name] for name in wanted}


def test_an_archive_that_is_cut_short_or_changed_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, "gztar")
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    for damage in (whole[: len(whole) // 2], whole[:-4], b"", b"no archive" * 200, bytes(changed)):
        path.write_bytes(damage)
        with pytest.raises(DataError, match=r"archive\..*not a whole tar archive"):
            audio_names(path)
    with pytest.raises(DataError, match="no such file"):
        audio_names(tmp_path / "nowhere.tar")
