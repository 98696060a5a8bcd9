"""A study carried to another folder goes on there with what was packed."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from pathlib import Path

import pytest

import carry
from smoke import copy_repository, snakemake

STUDY = Path("results/spoken-digits-smoke")


def test_what_was_packed_is_not_made_again(finished: Path, tmp_path: Path) -> None:
    archive, again = tmp_path / "study.tar.xz", tmp_path / "again.tar.xz"
    carry.pack(finished / STUDY, archive)
    (tmp_path / "other").mkdir()
    project = copy_repository(tmp_path / "other")
    shutil.copytree(finished / STUDY / "data", project / STUDY / "data")
    (project / STUDY / "search").mkdir()
    shutil.copy2(finished / STUDY / "search/events.h5", project / STUDY / "search")
    carry.unpack([archive], project / STUDY)
    carry.pack(project / STUDY, again)
    assert again.read_bytes() == archive.read_bytes()
    nothing = tmp_path / "nothing.tar.xz"
    carry.pack(project / STUDY, nothing, [archive])
    assert not nothing.exists()
    assert not list((project / STUDY).rglob("snapshots.safetensors"))

    summary = str(STUDY / "training/summary.csv")
    run = snakemake(project, "--dry-run", "--rerun-triggers", "mtime", "--", summary)
    assert run.returncode == 0, run.stdout + run.stderr
    jobs = {line.split()[1] for line in run.stdout.splitlines() if line.startswith("rule ")}
    assert {job.rstrip(":") for job in jobs} <= {"evaluate", "summarise"}
    joined = [str(STUDY / "landscape" / name) for name in ("lines.parquet", "census.csv")]
    run = snakemake(project, "--dry-run", "--rerun-triggers", "mtime", "--", *joined)
    assert set(re.findall("(?m)^rule ([a-z_]+)", run.stdout)) == {
        "landscape_merge",
        "landscape_changes",
    }, run.stdout
    best = STUDY / "search/qif/0/best.yaml"
    (project / best).rename(tmp_path / "best.yaml")  # a search that is not at its end
    run = snakemake(project, "--dry-run", "--rerun-triggers", "mtime", "--", str(best))
    assert re.findall("(?m)^rule ([a-z_]+)", run.stdout) == ["search_best"], run.stdout
    (tmp_path / "best.yaml").rename(project / best)
    for name in carry.packed(finished / STUDY):
        assert (project / STUDY / name).read_bytes() == (finished / STUDY / name).read_bytes()


def test_later_archives_hold_what_is_new_and_win(tmp_path: Path) -> None:
    study, first, second = tmp_path / "study", tmp_path / "0.tar.xz", tmp_path / "1.tar.xz"
    outcome, history = "training/lif/0/outcome.json", "training/lif/0/history.parquet"
    (study / outcome).parent.mkdir(parents=True)
    (study / outcome).write_text("before")
    carry.pack(study, first)
    (study / outcome).write_text("after")
    (study / history).write_bytes(b"new")
    carry.pack(study, second, [first])
    carry.unpack([first, second], tmp_path / "other")
    assert carry.held([second]) == {history: b"new", outcome: b"after"}
    assert {str(name) for name in carry.packed(tmp_path / "other")} == {outcome, history}
    assert (tmp_path / "other" / outcome).read_text() == "after"


def test_what_a_job_has_not_finished_stays_behind(tmp_path: Path) -> None:
    for name in ("job0/1.json", "job0/.snakemake_timestamp", "job1/2.json", "states/3.json"):
        file = tmp_path / "search/lif/0/finalists" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    names = {str(name.relative_to("search/lif/0/finalists")) for name in carry.packed(tmp_path)}
    assert names == {"job0/1.json", "job0/.snakemake_timestamp"}


@pytest.mark.parametrize("name", ["../outside.txt", "in/../../out.txt"])
def test_archives_do_not_write_outside_of_the_results(tmp_path: Path, name: str) -> None:
    archive, results = tmp_path / "hostile.tar.xz", tmp_path / "a" / "results"
    with tarfile.open(archive, "w:xz") as tar:
        about = tarfile.TarInfo(name)
        about.size = 4
        tar.addfile(about, io.BytesIO(b"evil"))
    results.mkdir(parents=True)
    with pytest.raises((tarfile.FilterError, OSError)):
        carry.unpack([archive], results)
    assert {file for file in tmp_path.rglob("*") if file.is_file()} == {archive}
