"""One snakemake at a time for a folder of results."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smoke import copy_repository, snakemake
from spikegrad.files import atomic
from study.storage.lock import NAME, LockedError, lock

HOLD = "import sys; from study.storage.lock import lock; lock(sys.argv[1]); input()"


def test_a_folder_is_taken_once_and_free_after_its_process(tmp_path: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE)
    try:
        while not (tmp_path / NAME).exists() or not (tmp_path / NAME).read_text():
            assert held.poll() is None
        with pytest.raises(LockedError, match=f"process {held.pid} on {platform.node()}"):
            lock(tmp_path)
        lock(tmp_path / "other")
    finally:
        held.communicate(b"\n")
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 - 1], ids=["number used again", "killed"])
def test_what_a_dead_process_of_this_machine_left_is_taken_over(tmp_path: Path, pid: int) -> None:
    owner = {"host": platform.node(), "pid": pid, "time": "", "folder": ""}
    (tmp_path / NAME).write_text(json.dumps(owner))
    lock(tmp_path)
    assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()


RACE = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from study.storage.lock import LockedError, lock
print("ready", flush=True)
for number in sys.stdin:  # a line starts a round; a lock that was won is held to the end
    try:
        lock(Path(sys.argv[1], number.strip()))
    except LockedError:
        print(0, flush=True)
    else:
        print(1, flush=True)
"""


def test_of_several_that_race_for_a_stale_lock_one_has_it(tmp_path: Path) -> None:
    owner = {"host": platform.node(), "pid": 2**22 - 1, "time": "", "folder": ""}
    command = [sys.executable, "-c", RACE, tmp_path]
    racing = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.stdout.readline() for process in racing] == ["ready\n"] * 4
    for number in range(60):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / NAME).write_text(json.dumps(owner))
        for process in racing:
            process.stdin.write(f"{number}\n")
            process.stdin.flush()
        assert sum(int(process.stdout.readline()) for process in racing) == 1
    for process in racing:
        process.communicate()


def test_snakemake_refuses_results_of_another_machine(tmp_path: Path) -> None:
    """Two clones with one results folder: its own locks lie in the clones."""
    project = copy_repository(tmp_path)
    file = project / "results" / "spoken-digits-smoke" / NAME
    file.parent.mkdir(parents=True)
    owner = {"host": "login2", "pid": 7, "time": "yesterday", "folder": "/home/b"}
    file.write_text(json.dumps(owner))
    run = snakemake(project, "--", "results/spoken-digits-smoke/engine/lif.compiled")
    assert run.returncode != 0
    message = run.stdout + run.stderr
    assert "since yesterday by process 7 on login2, started in /home/b" in message
    assert f"rm results/spoken-digits-smoke/{NAME}" in message
    assert "Traceback" not in message
    assert not (file.parent / "training").exists()


def test_temporary_names_differ_between_machines(tmp_path: Path, monkeypatch) -> None:
    names = []
    for host in ("node1", "node2"):
        monkeypatch.setattr(platform, "node", lambda host=host: host)
        with atomic(tmp_path / "x.csv") as part:
            part.touch()
            names.append(part.name)
    assert len(set(names)) == 2


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """And nothing of a process that runs, or of another machine."""
    script = (
        "import os, signal, sys\nfrom spikegrad.files import atomic\n"
        "with atomic(sys.argv[1]) as part:\n    part.write_text('half')\n"
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
