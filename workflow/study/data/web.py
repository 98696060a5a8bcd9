"""Downloads that survive a bad connection: tried again, and gone on with where they were cut."""

from __future__ import annotations

import logging
import os
import time
import zipfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

from study.config.data import Archive
from study.data.archives import audio_names
from study.data.layout import DataError

WAIT = 5.0  # seconds before the second attempt, doubled before each later one
TIMEOUT = 60.0  # seconds of silence that end an attempt
# tonic raises RuntimeError for a wrong hash
FAULTS = (OSError, HTTPException, RuntimeError, zipfile.BadZipFile, DataError)

log = logging.getLogger(__name__)


class GivenUp(Exception):
    """A download failed for good; the message says how often, and how at last."""


def persist(
    job: Callable[[], None], attempts: int, what: str, progress: Callable[[], int] = lambda: 0
) -> None:
    """Try ``job`` until it succeeds, at most ``attempts`` times without more ``progress``.

    Raises
    ------
    GivenUp
        After the last attempt, or if the server knows no such file.
    """
    most, failures = progress(), 0
    while True:
        try:
            return job()
        except FAULTS as error:
            problem = error
        reached = progress()
        failures = 1 if reached > most else failures + 1
        most = max(most, reached)
        log.warning("%s: attempt %d failed: %s", what, failures, problem)
        if _is_final(problem) or failures == attempts:
            raise GivenUp(f"{failures} attempts; the last: {problem}") from None
        time.sleep(WAIT * 2 ** (failures - 1))


def fetch(config: Archive, output: str | Path) -> None:
    """Bring a whole archive of recordings to ``output``, from the first mirror that gives it.

    What an earlier attempt, or a killed job, has fetched stays beside it and is gone on with.

    Raises
    ------
    DataError
        If no mirror gives it.
    """
    output = Path(output)
    part = output.with_name(f".{output.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)

    def from_any_mirror() -> None:
        problems: list[Exception] = []
        for url in config.urls:
            try:
                _download(url, part)
                _check(part)
                return
            except FAULTS as problem:
                log.warning("%s: %s", url, problem)
                problems.append(problem)
        passing = [problem for problem in problems if not _is_final(problem)]
        raise (passing or problems)[-1]

    try:
        persist(from_any_mirror, config.attempts, output.name, lambda: _size(part))
    except GivenUp as problem:
        kept = f"; {_size(part)} bytes are kept, from which it will go on" if _size(part) else ""
        raise DataError(
            f"could not download {' or '.join(config.urls)} ({problem}{kept}). Check the network,"
            " name other urls, or get the archive in another way and name it as path beside urls"
        ) from None
    os.replace(part, output)


def _is_final(problem: Exception) -> bool:
    """Whether the server knows no such file, so that asking again is no use."""
    return isinstance(problem, HTTPError) and problem.code < 500


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _check(part: Path) -> None:
    """Whether the download is a whole archive; if not, it is removed: it cannot be mended."""
    try:
        audio_names(part)
    except DataError:
        part.unlink()
        raise


def _download(url: str, part: Path) -> None:
    """Append to ``part`` what it lacks; from the start if the server does not do ranges."""
    done = _size(part)
    headers = {"User-Agent": "spikegrad"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != 416:
            raise
        if error.headers.get("Content-Range") == f"bytes */{done}":
            return  # nothing is lacking
        part.unlink()
        raise OSError(f"{done} bytes are not the beginning of the file; starting over") from None
    with response:
        goes_on = response.status == 206
        if goes_on and not response.headers["Content-Range"].startswith(f"bytes {done}-"):
            raise OSError("the server sends another range than it was asked for")
        length = response.headers.get("Content-Length")
        first = done if goes_on else 0
        total = None if length is None else first + int(length)
        with (
            open(part, "ab" if goes_on else "wb", buffering=0) as file,
            tqdm(
                desc=part.name[1:-5], initial=first, total=total, unit="B", unit_scale=True,
                disable=None,
            ) as bar,
        ):  # fmt: skip
            while chunk := response.read1(1 << 16):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and _size(part) != total:
        raise OSError(f"cut off at {_size(part)} of {total} bytes")
