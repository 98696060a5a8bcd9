"""Archives of recordings from a local server that misbehaves, and downloads that are killed."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from study.config.data import Archive
from study.data import web
from study.data.archives import audio_names, read_audio
from study.data.layout import DataError
from study.data.web import fetch
from webserver import Server, serving


def tar_gz(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


FILES = {
    f"hd/audio/{i}.flac": np.random.default_rng(i).bytes(3000 + i) for i in (2, 0, 1, 3, 4, 5)
} | {"hd/notes.txt": b"about"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(web, "WAIT", 0.0)
    with serving(tar_gz(FILES)) as server:
        yield server


def archive(*urls: str, attempts: int = 3) -> Archive:
    return Archive(urls=urls, attempts=attempts)


def part_of(output: Path) -> Path:
    return output.with_name(f".{output.name}.part")


@pytest.mark.parametrize(
    "fault", ["", "hang up", "corrupt", "page", "503", "no length", "other range"]
)
def test_a_passing_fault_is_survived(server: Server, tmp_path: Path, fault: str) -> None:
    server.faults = ["hang up", fault] if fault == "other range" else [fault]
    output = tmp_path / "archive.tar.gz"
    fetch(archive(server.url), output)
    assert output.read_bytes() == server.body
    assert list(tmp_path.iterdir()) == [output]


def test_what_was_cut_off_is_gone_on_with_as_long_as_it_goes_on(
    server: Server, tmp_path: Path
) -> None:
    """More cuts than attempts, but each brings some bytes."""
    server.faults = ["hang up"] * 4
    fetch(archive(server.url, attempts=2), tmp_path / "archive.tar.gz")
    assert len(server.asked) == 5
    assert server.asked == sorted(set(server.asked))
    assert (tmp_path / "archive.tar.gz").read_bytes() == server.body


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    server.faults = ["hang up", "hang up"]
    fetch(archive(server.url), tmp_path / "archive.tar.gz")
    assert server.asked == [0, 0, 0]
    assert (tmp_path / "archive.tar.gz").read_bytes() == server.body


def test_the_mirror_is_asked_and_goes_on(server: Server, tmp_path: Path) -> None:
    gone = server.url.replace("archive.tar.gz", "gone")
    server.faults = ["404", "hang up", "404", ""]
    fetch(archive(gone, server.url), tmp_path / "archive.tar.gz")
    assert (tmp_path / "archive.tar.gz").read_bytes() == server.body
    assert server.asked[1] == 0
    assert server.asked[3] > 0


@pytest.mark.parametrize("fault", ["corrupt", "page", "503"])
def test_a_lasting_fault_ends_in_one_error(server: Server, tmp_path: Path, fault: str) -> None:
    server.faults = [fault] * 3
    with pytest.raises(DataError, match=r"could not download http.*3 attempts.*name it as path"):
        fetch(archive(server.url), tmp_path / "archive.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_file_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    server.faults = ["404"] * 9
    with pytest.raises(DataError, match="1 attempts; the last: HTTP Error 404"):
        fetch(archive(server.url, server.url, attempts=4), tmp_path / "archive.tar.gz")
    assert len(server.asked) == 2


def test_what_a_lost_connection_leaves_is_kept_for_the_next_run(
    server: Server, tmp_path: Path
) -> None:
    output = tmp_path / "archive.tar.gz"
    server.faults = ["hang up", "503"]
    with pytest.raises(DataError, match=r"\d+ bytes are kept"):
        fetch(archive(server.url, attempts=1), output)
    kept = part_of(output).read_bytes()
    assert kept
    assert server.body.startswith(kept)
    assert not output.exists()
    fetch(archive(server.url), output)
    assert server.asked[-1] == len(kept)
    assert output.read_bytes() == server.body


@pytest.mark.parametrize("extra", [b"", b"foreign"])
def test_a_part_that_is_whole_or_too_long_is_noticed(
    server: Server, tmp_path: Path, extra: bytes
) -> None:
    output = tmp_path / "archive.tar.gz"
    part_of(output).write_bytes(server.body + extra)
    fetch(archive(server.url), output)
    assert output.read_bytes() == server.body
    assert list(tmp_path.iterdir()) == [output]


def test_a_part_of_another_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    output = tmp_path / "archive.tar.gz"
    part_of(output).write_bytes(b"something else" * 100)
    fetch(archive(server.url), output)
    assert output.read_bytes() == server.body


PROGRAM = """
import sys
from study.config.data import Archive
from study.data.web import fetch
fetch(Archive(urls=(sys.argv[1],)), sys.argv[2])
"""


def test_a_killed_download_goes_on_to_the_same_bytes(server: Server, tmp_path: Path) -> None:
    server.slowly = 0.05
    output = tmp_path / "archive.tar.gz"
    command = [sys.executable, "-c", PROGRAM, server.url, str(output)]
    for _ in range(2):
        before = part_of(output).stat().st_size if part_of(output).exists() else 0
        process = subprocess.Popen(command)
        while not part_of(output).exists() or part_of(output).stat().st_size <= before + 1000:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not output.exists()
    server.slowly = 0.0
    subprocess.run(command, check=True)
    assert output.read_bytes() == server.body
    assert list(tmp_path.iterdir()) == [output]
    assert server.asked[0] == 0
    assert server.asked[1] > 0
    assert server.asked[2] > server.asked[1]


def packed(folder: Path, kind: str) -> Path:
    if kind == "folder":
        for name, content in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder / "hd"
    path = folder / f"archive.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in FILES.items():
                archive.writestr(name, content)
            archive.writestr("__MACOSX/hd/audio/._0.flac", b"x")
    elif kind == "tar":
        with tarfile.open(path, "w") as archive:
            for name, content in FILES.items():
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        path.write_bytes(tar_gz(FILES))
    return path


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_recordings_are_read_alike_from_folders_and_archives(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind)
    places = audio_names(path)
    assert list(places) == [f"audio/{i}.flac" for i in range(6)]
    read = dict(read_audio(path, list(places.values())[:2]))
    assert [read[places[f"audio/{i}.flac"]] for i in (0, 1)] == [
        FILES[f"hd/audio/{i}.flac"] for i in (0, 1)
    ]
    with pytest.raises(DataError, match=r"none\.flac"):
        list(read_audio(path, ["none.flac"]))


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_that_is_cut_short_or_changed_is_refused(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind)
    whole = path.read_bytes()
    for damaged in (whole[:-2000], whole[: len(whole) // 2], b"", b"no archive" * 200):
        path.write_bytes(damaged)
        if kind == "tar" and damaged == whole[:-2000]:
            continue  # zeros after its end, which is no harm
        with pytest.raises(DataError, match=r"archive\..*not a whole tar, tar\.gz or zip"):
            audio_names(path)
    if kind != "tar":  # which has no checksum of contents; FLAC has its own
        changed = bytearray(whole)
        changed[len(whole) // 2] ^= 1
        path.write_bytes(changed)
        with pytest.raises(DataError, match="not a whole"):
            audio_names(path)
    with pytest.raises(DataError, match="no such file"):
        audio_names(tmp_path / "nowhere.zip")
