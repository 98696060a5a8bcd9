"""Files are whole or absent, whoever writes them and dies."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spikegrad.files import atomic


@pytest.mark.parametrize("write", ["part.write_text('half')", "part.mkdir()"])
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path, write: str) -> None:
    """And nothing of a process that runs, or of another machine."""
    script = (
        "import os, signal, sys\nfrom spikegrad.files import atomic\n"
        f"with atomic(sys.argv[1]) as part:\n    {write}\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    file = tmp_path / "x[1].csv"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script, str(file)], check=False)
        (left,) = tmp_path.iterdir()  # by the latter alone
    others = [file.with_name(name) for name in (f".elsewhere.1.{file.name}", f".x.1.{file.name}")]
    own = file.with_name(f".{platform.node()}.{os.getppid()}.{file.name}")
    for other in (*others, own):
        other.write_text("of others")
    with atomic(file) as part:
        part.write_text("whole")
    assert not left.exists()
    assert sorted(tmp_path.iterdir()) == sorted([file, own, *others])


def test_threads_that_write_one_file_leave_one_whole(tmp_path: Path) -> None:
    file, ready = tmp_path / "x.txt", threading.Barrier(2)

    def write(letter: str) -> None:
        with atomic(file) as part:
            part.write_text(letter * 100)
            ready.wait()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, "ab"))
    assert file.read_text() in ("a" * 100, "b" * 100)
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]
