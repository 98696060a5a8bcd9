"""Downloads: tried again, gone on with where they were cut off, and named when whole."""

from __future__ import annotations

import hashlib
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

ATTEMPTS = 4
WAIT = 5.0  # seconds before the second attempt, as many more before each later one
TIMEOUT = 60.0  # seconds of silence that end an attempt

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
        with open_spike_file(part) as spikes:
            found = len(spikes), len(spikes.class_names)
        if found != expected:
            raise DataError(
                f"{name} from {folder or 'the web'} is not the published file: it has {found}"
                f" samples and classes instead of {expected}"
            )


def fetch(urls: Sequence[str], output: str | Path, check: Callable[[Path], object]) -> None:
    """Bring a file to ``output``, from the first of ``urls`` that gives it.

    ``check`` raises DataError if the file is not the right one. What an earlier attempt, or a
    killed job, has fetched stays beside ``output``, and the download goes on from there. Raises
    DataError if no URL gives the file.
    """
    output = Path(output)
    part = output.with_name(f".{output.name}.part")
    output.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(ATTEMPTS):
        time.sleep(WAIT * attempt)
        for url in urls:
            try:
                _download(url, part)
                check(part)
            except (OSError, HTTPException, DataError) as problem:
                if isinstance(problem, DataError):
                    part.unlink()  # a wrong file cannot be mended
                log.warning("%s: %s", url, problem)
                last = problem
            else:
                os.replace(part, output)
                return
    raise DataError(
        f"could not download {' or '.join(urls)} ({last}). Start again: it goes on where it was."
        " Or check the network, or get the file in another way and name it as data.path in the"
        " configuration"
    )


def _download(url: str, part: Path) -> None:
    """Append to ``part`` what it lacks; or fetch all, if the server does not do ranges."""
    done = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "spikegrad"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416:  # nothing is behind these bytes; the check looks at them
            return
        raise
    with response:
        first = done if response.status == 206 else 0
        length = response.headers.get("Content-Length")
        total = None if length is None else first + int(length)
        with (
            open(part, "ab" if first else "wb", buffering=0) as file,
            tqdm(
                desc=part.name[1:-5], initial=first, total=total, unit="B", unit_scale=True,
                disable=None,
            ) as bar,
        ):  # fmt: skip
            while chunk := response.read1(1 << 16):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and part.stat().st_size != total:
        raise OSError(f"cut off at {part.stat().st_size} of {total} bytes")


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
            f"{folder}: neither {archive.name} nor {name} is there; put one there, or set"
            " data.path to null to download it"
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
