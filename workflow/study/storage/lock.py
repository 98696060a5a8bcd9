"""One snakemake at a time for a folder of results, from whatever clone or machine it is started.

Snakemake's own lock lies in the folder where it was started, and so does not know of another one.
The operating system holds the lock of a living process and drops it when that ends, whatever the
clock says. Where a file system does not tell machines of each other's locks, what the file says of
its owner does.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import platform
import shlex
import time
from pathlib import Path
from typing import Any

NAME = ".running.json"


class LockedError(RuntimeError):
    """Another snakemake works on the results; the message says which, and what to do."""


def lock(folder: str | Path) -> None:
    """Take ``folder`` for this process, until it ends.

    What a process of this machine left that has ended is taken over. Raises LockedError if another
    process has it, here or on another machine.
    """
    file = Path(folder) / NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise _locked(folder, file) from None
        if _same(descriptor, file):
            break
        os.close(descriptor)  # its owner has removed it meanwhile
    owner = _read(file)
    if owner and owner.get("host") != platform.node():
        os.close(descriptor)
        raise _locked(folder, file)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, json.dumps(_self()).encode())
    atexit.register(_release, descriptor, file, os.getpid())


def _same(descriptor: int, file: Path) -> bool:
    """Whether ``descriptor`` is of what lies at ``file`` now."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(file))
    except FileNotFoundError:
        return False


def _locked(folder: str | Path, file: Path) -> LockedError:
    owner = {**dict.fromkeys(_self(), "(unknown)"), **_read(file)}
    return LockedError(
        f"{folder} is being worked on since {owner['time']} by process {owner['pid']} on"
        f" {owner['host']}, started in {owner['folder']}. Wait until it is done; if that"
        f" process has ended: rm {shlex.quote(str(file))}"
    )


def _self() -> dict[str, Any]:
    return {
        "host": platform.node(),
        "pid": os.getpid(),
        "time": time.strftime("%Y-%m-%d %H:%M"),
        "folder": os.getcwd(),
    }


def _read(file: Path) -> dict[str, Any]:
    """Who has it or had it; nothing if that is not written yet."""
    try:
        return dict(json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def _release(descriptor: int, file: Path, pid: int) -> None:
    if pid == os.getpid():  # not a fork of it
        file.unlink(missing_ok=True)  # before another process can have the lock
        os.close(descriptor)
