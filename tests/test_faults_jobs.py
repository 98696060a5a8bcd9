"""Each rule's job, killed, starved and given damaged files, hundreds of times, by itself.

Not in the default run: ``make test-faults``. Moments, sizes and places are drawn by a seed. A job
that has failed loses its outputs, as under Snakemake, and keeps its states.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from faults import Project, record
from jobs import Job, die_at_rename, kept_jobs, limit_files, limit_memory, not_wait
from smoke import copy_repository, snakemake

pytestmark = pytest.mark.faults

Fault = Callable[[Job, random.Random], bool]
"""Does it to a job; whether the job failed by it."""


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """A job of each rule of a finished smoke study; each makes the same files once more."""
    project = Project(copy_repository(tmp_path_factory.mktemp("whole")))
    run = snakemake(project.folder, "--notemp", "--nolock", keep=True)
    assert run.returncode == 0, run.stderr[-5000:]
    draw, found = random.Random(0), kept_jobs(project)
    rules = sorted({job.rule for job in found})
    assert len(rules) > 80
    chosen = [draw.choice([job for job in found if job.rule == rule]) for rule in rules]
    for job in chosen:
        whole = job.files()
        job.remove_outputs()
        assert job.run() == 0, job.messages.read_text()
        assert job.files() == whole, job.rule
    return chosen


def kill(job: Job, draw: random.Random) -> bool:
    process, moment = job.start(), draw.uniform(0, job.seconds)
    process.join(moment)
    process.kill()
    process.join()
    return process.exitcode != 0


def prepared(prepare: Callable[[int], None], low: int, high: int) -> Fault:
    """The job begins after ``prepare`` with a number between these, of any order of magnitude."""

    def run(job: Job, draw: random.Random) -> bool:
        return job.run(partial(prepare, int(low * (high / low) ** draw.random()))) != 0

    return run


def vanish(job: Job, draw: random.Random) -> bool:
    """All results go away at some moment, and come back when the job has ended."""
    results = job.project.folder / "results"
    away = results.with_name("away")
    process, moment = job.start(), draw.uniform(0, job.seconds)
    process.join(moment)
    results.rename(away)
    process.join()
    shutil.rmtree(results, ignore_errors=True)
    away.rename(results)
    return process.exitcode != 0


FAULTS: dict[str, tuple[Fault, int]] = {
    "SIGKILL of a job at any moment": (kill, 5),
    "SIGKILL of a job between writing and renaming": (prepared(die_at_rename, 1, 4), 2),
    "no room for a job's files": (prepared(limit_files, 1, 100_000), 2),
    "no memory for a job": (prepared(limit_memory, 1_000_000, 100_000_000), 1),
    "a job's results vanish and come back": (vanish, 1),
}
"""What is done to a job of each rule, and how often."""
TIMES = sum(n for _, n in FAULTS.values())


def test_jobs_are_disturbed(jobs: list[Job]) -> None:
    """Each by all faults in an order that is drawn, before it runs to its end."""
    seed, different = 1, []
    injected = Counter[str]()
    hit: dict[str, set[str]] = {fault: set() for fault in FAULTS}
    for job in jobs:
        whole, draw = job.files(), random.Random(f"{seed} {job.rule}")
        for fault in draw.sample(list(FAULTS), counts=[n for _, n in FAULTS.values()], k=TIMES):
            job.remove_outputs()
            if FAULTS[fault][0](job, draw):
                injected[fault] += 1
                hit[fault].add(job.rule)
            assert_whole(job, whole)
        job.remove_outputs()
        assert job.run() == 0, job.messages.read_text()
        different += [job.rule] if job.files() != whole else []
        assert not job.left_behind(), job.rule
    for fault in FAULTS:
        record(fault, injected[fault], True, not different, seed, len(hit[fault]))
    assert not different
    assert all(injected[fault] >= len(jobs) * n / 3 for fault, (_, n) in FAULTS.items()), injected


def assert_whole(job: Job, whole: dict[Path, str]) -> None:
    """What lies under its name is what it should be, or a record of a search under way."""
    for file, digest in job.files().items():
        if file.name.startswith("."):
            continue
        if digest != whole.get(file):
            assert job.rule == "search_trials"
            json.loads(file.read_text())


def test_files_that_jobs_read_are_damaged(jobs: list[Job]) -> None:
    """The job says which, or makes what it makes of whole ones."""
    seed, injected, kinds, hit = 2, 0, set[str](), 0
    for job in jobs:
        whole, read, draw = job.files(), job.read(), random.Random(f"{seed} {job.rule}")
        hit += bool(read)
        for file in draw.choices(read, k=3 if read else 0):
            content = file.read_bytes()
            place = draw.randrange(max(len(content), 1))
            cut = draw.random() < 0.25 or not content
            changed = bytes([content[place] ^ 1 << draw.randrange(8)]) if content else b"0"
            file.write_bytes(content[:place] + (b"" if cut else changed + content[place + 1 :]))
            job.remove_outputs()
            status = job.run(not_wait)
            if status:
                said = job.messages.read_text()
                assert status == 1, (file, said)
                assert file.name in said or file.parent.name in said, (file, said)
            else:
                assert job.files() == whole, file
            file.write_bytes(content)
            injected += 1
            kinds.add(file.suffix)
        job.remove_outputs()
        assert job.run() == 0, job.messages.read_text()
        assert job.files() == whole, job.rule
    name = f"damaged files that jobs read ({', '.join(sorted(kinds))})"
    record(name, injected, True, True, seed, hit)
    assert len(kinds) >= 7
