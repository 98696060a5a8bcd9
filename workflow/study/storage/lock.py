"""One snakemake at a time for a folder of results, from whatever clone or machine it is started.

Snakemake's own lock lies in the folder where it was started, and so does not know of another one.
"""

from __future__ import annotations

import atexit
import json
import os
import platform
import shlex
import time
from pathlib import Path
from typing import Any

import psutil

NAME = ".running.json"


class LockedError(RuntimeError):
    """Another snakemake works on the results; the message says which, and what to do."""


def lock(folder: str | Path) -> None:
    """Take ``folder`` for this process, until it ends.

    A lock of this machine whose process has ended is replaced. Raises LockedError if another
    process has it, here or on another machine.
    """
    file = Path(folder) / NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and _has_ended(_read(file)):
        file.unlink(missing_ok=True)
    try:
        with open(file, "x") as new:
            json.dump(_self(), new)
    except FileExistsError:
        owner = _read(file)
        raise LockedError(
            f"{folder} is being worked on since {owner['time']} by process {owner['pid']} on"
            f" {owner['host']}, started in {owner['folder']}. Wait until it is done; if that"
            f" process has ended: rm {shlex.quote(str(file))}"
        ) from None
    atexit.register(_release, file, os.getpid())


def _self() -> dict[str, Any]:
    return {
        "host": platform.node(),
        "pid": os.getpid(),
        "started": psutil.Process().create_time(),  # since numbers of processes are used again
        "time": time.strftime("%Y-%m-%d %H:%M"),
        "folder": os.getcwd(),
    }


def _read(file: Path) -> dict[str, Any]:
    """Who has it; as far as it is known, since that may be written just now."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return dict.fromkeys(_self(), "(unknown)")


def _has_ended(owner: dict[str, Any]) -> bool:
    if owner["host"] != platform.node():
        return False
    try:
        return abs(psutil.Process(owner["pid"]).create_time() - owner["started"]) > 1
    except psutil.NoSuchProcess:
        return True


def _release(file: Path, pid: int) -> None:
    if pid == os.getpid():  # not a fork of it
        file.unlink(missing_ok=True)
