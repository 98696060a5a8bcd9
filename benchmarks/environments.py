"""An environment for each peer, built once by venv and pip from the pins of peers.toml."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEERS: dict[str, dict[str, Any]] = tomllib.loads((HERE / "peers.toml").read_text())


def python_of(peer: str) -> Path | None:
    """The interpreter that runs a peer; None if its environment is not there as pinned."""
    folder, pins = HERE / ".venvs" / peer, PEERS[peer]["pins"]
    if not pins:
        return Path(sys.executable)
    ready = folder / "pins.txt"
    built = ready.exists() and ready.read_text().split() == pins
    return folder / "bin" / "python" if built else None


def install(peer: str) -> None:
    """Build a peer's environment unless it is there. Where pip fails, it says why, and none is."""
    if python_of(peer):
        return
    folder, pins = HERE / ".venvs" / peer, PEERS[peer]["pins"]
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *pins]
    if subprocess.run(command).returncode == 0:
        (folder / "pins.txt").write_text("\n".join(pins))
