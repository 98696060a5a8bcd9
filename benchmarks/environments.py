"""An environment for each peer, built once by venv and pip from the pins of peers.toml."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / ".venvs"
PEERS: dict[str, list[str]] = {
    name: entry["requirements"]
    for name, entry in tomllib.loads((HERE / "peers.toml").read_text()).items()
}


class InstallationError(RuntimeError):
    """A peer cannot be installed; the message is pip's reason."""


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, which is built if it is not there as pinned."""
    folder = FOLDER / peer
    python, ready = folder / "bin" / "python", folder / "ready.json"
    pins = json.dumps(PEERS[peer])
    if not (ready.exists() and ready.read_text() == pins):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        command = [python, "-m", "pip", "install", "--quiet", *PEERS[peer]]
        pip = subprocess.run(command, capture_output=True, text=True)
        if pip.returncode:
            raise InstallationError(pip.stderr.strip().splitlines()[-1])
        ready.write_text(pins)
    return python
