"""Downloads: tried again, gone on with where they were cut off, and named when whole."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

from spikegrad.files import atomic
from study.config.data import MIRRORS, PUBLISHED
from study.data.layout import DataError, open_spike_file

ATTEMPTS = 4  # without a byte of progress, before a download is given up
WAIT = 5.0  # seconds before the second attempt, doubled before each later one
TIMEOUT = 60.0  # seconds of silence that end an attempt
SLOWEST, GRACE = 1000.0, 120.0  # bytes a second on average that end it, too, after so many seconds
LARGEST = 64 << 30  # bytes; what is longer never ends
BUSY = (408, 425, 429)  # answers that another attempt may change, of those below 500
FAULTS = (OSError, HTTPException, DataError)

log = logging.getLogger(__name__)


def published_file(source: str, split: str) -> tuple[str, str]:
    """Name of the HDF5 file of a ``split`` of ``source``, and MD5 of its zip file, as in tonic."""
    import tonic.datasets  # GPL-licensed, and only needed for SHD and SSC

    dataset = {"shd": tonic.datasets.SHD, "ssc": tonic.datasets.SSC}[source]
    part = "valid" if split == "validation" else split
    archive, md5 = getattr(dataset, f"{part}_zip"), getattr(dataset, f"{part}_md5")
    return archive.removesuffix(".zip"), md5


def fetch_published(source: str, split: str, folder: str | None, output: str | Path) -> None:
    """Bring the file of ``split`` of ``source`` ("shd" or "ssc") to ``output``, verified.

    It comes from ``folder``, as a zip file or unpacked, or from the web if that is None. Raises
    DataError if no file passes all checks; ``output`` is then as before.
    """
    name, md5 = published_file(source, split)
    expected = getattr(PUBLISHED[source], split), PUBLISHED[source].classes
    with atomic(output) as part:
        if folder is None:
            archive = Path(output).with_name(f"{name}.zip")
            fetch([f"{m}{archive.name}" for m in MIRRORS], archive, lambda p: _check(p, md5))
            _unpack(archive, name, part)
            archive.unlink()
        else:
            _copy(Path(folder), name, md5, part)
        try:
            with open_spike_file(part) as spikes:
                n, n_classes = len(spikes), len(spikes.class_names)
            if (n, n_classes) != expected:
                raise DataError(
                    f"{n} samples of {n_classes} classes instead of {expected[0]} of {expected[1]}"
                )
        except DataError as error:
            raise DataError(
                f"{name} from {folder or 'the web'} is not the published file: {error}"
            ) from None


def fetch(urls: Sequence[str], output: str | Path, check: Callable[[Path], object]) -> None:
    """Bring a file to ``output``, from the first of ``urls`` that gives it.

    ``check`` raises DataError if the file is not the right one. What an earlier attempt, or a
    killed job, has fetched stays beside ``output``, and the download goes on from there, if the
    server has a name for the file's version (ETag or Last-Modified) and still has that version;
    else it starts over. Raises DataError if no URL gives the file.
    """
    output = Path(output)
    part = Part(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    failures, furthest = 0, part.size
    while True:
        problems: list[Exception] = []
        for url in urls:
            try:
                _download(url, part)
                check(part.file)
            except FAULTS as problem:
                if isinstance(problem, DataError):
                    part.discard()  # a wrong file cannot be mended
                log.warning("%s: %s", url, problem)
                problems.append(problem)
            else:
                os.replace(part.file, output)
                part.discard()
                return
        passing = [p for p in problems if not _lasts(p)]
        failures = 1 if part.size > furthest else failures + 1
        furthest = max(furthest, part.size)
        if failures == ATTEMPTS or not passing:
            kept = f"; {part.size} bytes are kept, from which it goes on" if part.size else ""
            last = " ".join(str((passing or problems)[-1]).split())
            raise DataError(
                f"could not download {' or '.join(urls)} ({failures} attempts; the last:"
                f" {last}{kept}). Check the network, or get the file in another way and name it as"
                " path in the configuration"
            )
        time.sleep(WAIT * 2 ** (failures - 1))


def _lasts(problem: Exception) -> bool:
    """Whether asking again is no use, as where the server knows no such file."""
    return isinstance(problem, HTTPError) and problem.code < 500 and problem.code not in BUSY


class Part:
    """What has been fetched of a file, and which version at which URL it is the beginning of."""

    def __init__(self, output: Path) -> None:
        self.file = output.with_name(f".{output.name}.part")
        self._about = output.with_name(f".{output.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.file.stat().st_size if self.file.exists() else 0

    def version(self, url: str) -> str | None:
        """The name that the server at ``url`` has for the version that this is the beginning of;
        None if there is no beginning, or it cannot go on from there."""
        if not self.size:
            return None
        try:
            known: dict[str, str] = json.loads(self._about.read_text())
        except (OSError, ValueError):
            return None
        return known.get(url)

    def begin(self, url: str, version: str | None) -> None:
        """Start over, with what ``url`` calls ``version``."""
        self.discard()
        with atomic(self._about) as file:
            file.write_text(json.dumps({url: version}))

    def discard(self) -> None:
        """Remove all of it."""
        self.file.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)


def _download(url: str, part: Part) -> None:
    """Append to ``part`` what it lacks; or fetch all, if it is of another version or URL, or the
    server does not do ranges."""
    done, version = part.size, part.version(url)
    headers = {"User-Agent": "spikegrad"}
    if version:
        headers |= {"Range": f"bytes={done}-", "If-Range": version}
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != 416:
            raise
        if error.headers.get("Content-Range") == f"bytes */{done}":
            return  # nothing is lacking
        part.discard()
        raise OSError(f"{done} bytes are not the beginning of the file; starting over") from None
    with response:
        goes_on, found = response.status == 206, response.headers.get("Content-Range") or ""
        if goes_on and not (version and found.startswith(f"bytes {done}-")):
            raise OSError("the server sends another range than it was asked for")
        if not goes_on:
            tag = response.headers.get("ETag", "")
            strong = tag if tag.startswith('"') else None  # a weak one does not tell bytes apart
            part.begin(url, strong or response.headers.get("Last-Modified"))
        length = response.headers.get("Content-Length")
        first = done if goes_on else 0
        total = None if length is None else first + int(length)
        with (
            open(part.file, "ab", buffering=0) as file,
            tqdm(
                desc=part.file.name[1:-5], initial=first, total=total, unit="B", unit_scale=True,
                disable=None,
            ) as bar,
        ):  # fmt: skip
            began, fetched = time.monotonic(), 0
            while chunk := response.read1(1 << 16):
                file.write(chunk)
                bar.update(len(chunk))
                fetched += len(chunk)
                passed = time.monotonic() - began
                if passed > GRACE and fetched < SLOWEST * passed:
                    raise OSError(f"{fetched / passed:.0f} bytes a second are too slow")
                if first + fetched > LARGEST:
                    raise DataError(f"more than {LARGEST} bytes, and no end")
    if total is not None and part.size != total:
        raise OSError(f"cut off at {part.size} of {total} bytes")


def _copy(folder: Path, name: str, md5: str, part: Path) -> None:
    """Take the user's archive, which must be the published one, or else the user's HDF5 file."""
    archive, unpacked = folder / f"{name}.zip", folder / name
    if archive.is_file():
        _check(archive, md5)
        _unpack(archive, name, part)
    elif unpacked.is_file():
        shutil.copyfile(unpacked, part)
    else:
        raise DataError(
            f"{folder}: neither {archive.name} nor {name} is there; put one there, or set path to"
            " null to download it"
        )


def _check(archive: Path, md5: str) -> None:
    with open(archive, "rb") as file:
        found = hashlib.file_digest(file, "md5").hexdigest()
    if found != md5:
        raise DataError(
            f"{archive}: not the published archive, its MD5 differs. Fetch it again, or unpack it"
            " and remove it if you trust its contents"
        )


def _unpack(archive: Path, name: str, part: Path) -> None:
    with (
        zipfile.ZipFile(archive) as content,
        content.open(name) as packed,
        open(part, "wb") as file,
    ):
        shutil.copyfileobj(packed, file)
