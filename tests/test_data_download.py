"""The download against a local server that misbehaves in every way a network does."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tonic.datasets

from spikefiles import original_file
from study.config.data import Download
from study.data import download, web
from study.data.download import fetch
from study.data.layout import DataError

SIZES = {"train": 23, "valid": 17, "test": 11}
N_CLASSES = 4


class Server(ThreadingHTTPServer):
    """Serves ``files``; ``faults`` name what goes wrong in the first attempts on each file."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.faults: list[str] = []
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hangs up, as tonic does after it has looked for redirections


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.server.requests.append(name)
        # tonic asks twice in each attempt: for a redirection, then for the contents
        attempt = (self.server.requests.count(name) - 1) // 2
        faults = self.server.faults
        fault = faults[attempt] if attempt < len(faults) else ""
        body = self.server.files.get(name)
        if body is None or fault.isdigit():
            self.send_error(int(fault or 404))
            return
        if fault == "corrupt":
            body = body[:-10] + bytes(10)
        if fault == "page":
            body = b"<html>Please log in</html>"
        if fault == "other archive":
            body = self.server.files["other archive"]
        if fault == "short":
            body = body[: len(body) // 2]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault == "hang up" else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    """A folder of small archives in the place of the published ones, also served."""
    folder = tmp_path / "archives"
    folder.mkdir()
    for dataset in (tonic.datasets.SHD, tonic.datasets.SSC):
        for split, size in SIZES.items():
            if not hasattr(dataset, f"{split}_zip"):
                continue
            name = getattr(dataset, f"{split}_zip")
            original_file(folder / name.removesuffix(".zip"), size, N_CLASSES)
            with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(folder / name.removesuffix(".zip"), name.removesuffix(".zip"))
            server.files[name] = (folder / name).read_bytes()
            md5 = hashlib.md5(server.files[name]).hexdigest()
            monkeypatch.setattr(dataset, f"{split}_md5", md5)
    splits = {"train": 23, "validation": 17, "test": 11}
    monkeypatch.setattr(download, "N_SAMPLES", {"shd": splits, "ssc": splits})
    monkeypatch.setattr(download, "N_CLASSES", {"shd": N_CLASSES, "ssc": N_CLASSES})
    monkeypatch.setattr(web, "WAIT", 0.0)
    return folder


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder / "out.h5"


def assert_nothing_left(output: Path) -> None:
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "split", "name"),
    [
        ("shd", "train", "shd_train"),
        ("shd", "test", "shd_test"),
        ("ssc", "train", "ssc_train"),
        ("ssc", "validation", "ssc_valid"),
        ("ssc", "test", "ssc_test"),
    ],
)
def test_a_good_file_arrives(
    archives: Path, server: Server, output: Path, source: str, split: str, name: str
) -> None:
    fetch(source, split, Download(base_url=server.url), output)
    assert output.read_bytes() == (archives / f"{name}.h5").read_bytes()
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("fault", ["hang up", "short", "corrupt", "page", "503"])
def test_a_passing_fault_is_survived(
    archives: Path, server: Server, output: Path, fault: str
) -> None:
    server.faults = [fault]
    fetch("shd", "train", Download(base_url=server.url, attempts=3), output)
    assert output.read_bytes() == (archives / "shd_train.h5").read_bytes()
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("fault", ["hang up", "short", "corrupt", "page", "503"])
def test_a_lasting_fault_ends_in_one_error(
    archives: Path, server: Server, output: Path, fault: str
) -> None:
    server.faults = [fault] * 3
    with pytest.raises(DataError, match=r"could not download the test file of SHD .*3 attempts"):
        fetch("shd", "test", Download(base_url=server.url, attempts=3), output)
    assert_nothing_left(output)


def test_an_unknown_file_is_asked_for_once(archives: Path, server: Server, output: Path) -> None:
    server.files.clear()
    with pytest.raises(DataError, match=r"1 attempts; the last: HTTP Error 404.*data\.shd\.path"):
        fetch("shd", "train", Download(base_url=server.url, attempts=5), output)
    assert server.requests == ["shd_train.h5.zip"]
    assert_nothing_left(output)


def test_no_server_ends_in_one_error(archives: Path, server: Server, output: Path) -> None:
    server.server_close()
    with pytest.raises(DataError, match="could not download"):
        fetch("shd", "train", Download(base_url=server.url, attempts=2), output)
    assert_nothing_left(output)


def test_a_failure_keeps_the_file_that_was_there(
    archives: Path, server: Server, output: Path
) -> None:
    output.write_text("earlier")
    server.faults = ["corrupt"]
    with pytest.raises(DataError):
        fetch("shd", "train", Download(base_url=server.url, attempts=1), output)
    assert output.read_text() == "earlier"
    assert list(output.parent.iterdir()) == [output]


def test_what_a_killed_download_left_is_not_trusted(
    archives: Path, server: Server, output: Path
) -> None:
    """tonic alone would take an empty archive beside any HDF5 file for the data."""
    left = output.with_suffix(".download") / "SHD"
    left.mkdir(parents=True)
    (left / "shd_train.h5.zip").touch()
    original_file(left / "shd_train.h5", SIZES["train"], N_CLASSES).write_bytes(b"half")
    fetch("shd", "train", Download(base_url=server.url), output)
    assert output.read_bytes() == (archives / "shd_train.h5").read_bytes()
    assert list(output.parent.iterdir()) == [output]


def test_an_archive_cannot_write_outside(
    archives: Path, server: Server, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even an archive of the right hash stays in its own folder."""
    evil = archives / "shd_train.h5.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../../../escaped.txt", "x")
        archive.writestr("shd_train.h5", (archives / "shd_train.h5").read_bytes())
    server.files[evil.name] = evil.read_bytes()
    md5 = hashlib.md5(evil.read_bytes()).hexdigest()
    monkeypatch.setattr(tonic.datasets.SHD, "train_md5", md5)
    fetch("shd", "train", Download(base_url=server.url), output)
    assert list(output.parent.iterdir()) == [output]
    assert not list(output.parent.parent.rglob("escaped.txt"))


def test_an_archive_of_another_hash_is_never_opened(
    archives: Path, server: Server, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole archive with whole data, but not the published one."""
    original_file(archives / "other.h5", SIZES["train"], N_CLASSES)
    with zipfile.ZipFile(archives / "other.zip", "w") as archive:
        archive.write(archives / "other.h5", "shd_train.h5")
    server.files["other archive"] = (archives / "other.zip").read_bytes()
    server.faults = ["other archive"]

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("opened before its hash was known")

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "__init__", opened)
        with pytest.raises(DataError, match="could not download the train file of SHD"):
            fetch("shd", "train", Download(base_url=server.url, attempts=1), output)
    assert_nothing_left(output)


@pytest.mark.parametrize("kept", ["shd_train.h5.zip", "shd_train.h5"])
def test_a_copy_on_disk_is_taken_without_the_network(
    archives: Path, server: Server, output: Path, tmp_path: Path, kept: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / kept).write_bytes((archives / kept).read_bytes())
    fetch("shd", "train", Download(path=str(folder), base_url=server.url), output)
    assert output.read_bytes() == (archives / "shd_train.h5").read_bytes()
    assert [p.name for p in folder.iterdir()] == [kept]
    assert server.requests == []


def test_a_foreign_archive_on_disk_is_refused_and_kept(
    archives: Path, output: Path, tmp_path: Path
) -> None:
    archive = archives / "shd_train.h5.zip"
    archive.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(DataError, match=r"shd_train\.h5\.zip: not the published archive"):
        fetch("shd", "train", Download(path=str(archives)), output)
    assert archive.exists()
    assert_nothing_left(output)


def test_a_copy_with_other_samples_or_cut_short_is_refused(
    archives: Path, output: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    mine = original_file(folder / "shd_train.h5", 22, N_CLASSES)
    with pytest.raises(DataError, match=r"mine.*22 samples of 4 classes instead of 23 of 4"):
        fetch("shd", "train", Download(path=str(folder)), output)
    mine.write_bytes(mine.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"train file of SHD from .*mine.*not a whole HDF5 file"):
        fetch("shd", "train", Download(path=str(folder)), output)
    with pytest.raises(DataError, match=r"neither shd_test\.h5\.zip nor shd_test\.h5 is there"):
        fetch("shd", "test", Download(path=str(folder)), output)
    assert_nothing_left(output)


def test_the_published_hashes_and_numbers() -> None:
    """As on zenkelab.org/resources/spiking-heidelberg-datasets-shd and compneuro.net."""
    assert tonic.datasets.SHD.train_md5 == "f3252aeb598ac776c1b526422d90eecb"
    assert tonic.datasets.SHD.test_md5 == "1503a5064faa34311c398fb0a1ed0a6f"
    assert sum(download.N_SAMPLES["shd"].values()) == 10_420
    assert sum(download.N_SAMPLES["ssc"].values()) == 105_829
    assert Download().base_url == tonic.datasets.SHD.base_url
