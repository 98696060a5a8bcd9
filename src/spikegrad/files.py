"""Files and folders that are whole or absent."""

from __future__ import annotations

import os
import platform
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary name beside ``path``, for a file or a folder; renamed to ``path`` if the block
    succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The host, since others share the folder; the suffix stays, since it sets formats.
    writer = f"{os.getpid()}-{threading.get_ident()}"
    temporary = path.with_name(f".{platform.node()}.{writer}.{path.name}")
    _remove_left_behind(path)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        _remove(temporary)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_left_behind(path: Path) -> None:
    """Remove what was to become ``path``, of processes of this machine that were killed."""
    own, end = f".{platform.node()}.", f".{path.name}"
    for left in path.parent.glob(f"{escape(own)}*{escape(end)}"):
        process, _, _ = left.name[len(own) : -len(end)].partition("-")
        if process.isdigit() and not _runs(int(process)):
            _remove(left)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        pass
    return True
