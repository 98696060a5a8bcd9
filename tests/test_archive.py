"""A study that is archived goes on in another folder with what was archived."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from smoke import copy_repository, planned
from study.config.remembered import ForgottenError, check_remembered, remember
from study.storage.archive import contents, pack, read_archives, unpack
from study.storage.sums import seal, verify

STUDY = Path("results/spoken-digits-smoke")
MEASURES = ("census", "closeups", "gradients", "profiles", "surfaces")


def planned_rules(project: Path, *names: str) -> set[str]:
    """The rules that would run for files of the study."""
    targets = [STUDY / name for name in names]
    return set(planned(project, "--rerun-triggers", "mtime", targets=targets))


def test_what_was_archived_is_not_made_again(finished: Path, tmp_path: Path) -> None:
    archive, again, nothing = (tmp_path / f"{name}.tar.xz" for name in ("study", "again", "no"))
    (project := tmp_path / "other").mkdir()
    copy_repository(project)
    shutil.copytree(finished / STUDY / "data", project / STUDY / "data")
    pack(finished / STUDY, archive)
    unpack(project / STUDY, [archive])
    for name in contents(finished / STUDY):
        assert (project / STUDY / name).read_bytes() == (finished / STUDY / name).read_bytes()
    pack(project / STUDY, again)
    assert again.read_bytes() == archive.read_bytes()
    pack(project / STUDY, nothing, [archive])
    assert not nothing.exists()
    assert not list((project / STUDY).rglob("snapshots.safetensors"))

    measured = [f"networks/{name}.csv" for name in ("roughness", "robustness")]
    variants = [f"variants/{file.name}" for file in (finished / STUDY / "variants").glob("*.csv")]
    tables = ("lines", "changes", "closeups", "profiles", "sample_gradients")
    jobs = planned_rules(
        project,
        *("training/summary.csv", "training/runaway_gains.csv", *measured, *variants),
        *(f"landscape/{name}.parquet" for name in tables),
    )
    assert jobs - {"evaluate", "summarise"} == {f"landscape_join_{name}" for name in MEASURES}
    assert not planned_rules(project) & {
        *("train", "train_equal_activity", "train_variant", "silence", "measure_network"),
        *("search_trials", "search_finalists", "landscape_directions"),
        *(f"landscape_{measure}" for measure in MEASURES),
    }
    (project / STUDY / "search/qif/0/best.yaml").unlink()  # a search that is not at its end
    assert planned_rules(project, "search/qif/0/best.yaml") == {"search_best"}


def test_later_archives_hold_what_is_new_and_win(tmp_path: Path) -> None:
    study, first, second = tmp_path / "study", tmp_path / "0.tar.xz", tmp_path / "1.tar.xz"
    outcome, history = "training/lif/0/outcome.json", "training/lif/0/history.parquet"
    (study / outcome).parent.mkdir(parents=True)
    (study / outcome).write_text("before")
    pack(study, first)
    (study / outcome).write_text("after")
    (study / history).write_bytes(b"new")
    command = [sys.executable, "-m", "study.storage.archive"]
    subprocess.run([*command, "pack", study, second, "--after", first], check=True)
    subprocess.run([*command, "unpack", tmp_path / "other", first, second], check=True)
    assert read_archives([second]) == {history: b"new", outcome: b"after"}
    assert {str(name) for name in contents(tmp_path / "other")} == {outcome, history}
    assert (tmp_path / "other" / outcome).read_text() == "after"
    wrong = subprocess.run([*command, "pack", tmp_path / "none", first], capture_output=True)
    assert b"the results folder of a study" in wrong.stderr


def test_what_replaces_a_sealed_file_is_whole(tmp_path: Path) -> None:
    study, archive = tmp_path / "results" / "study", tmp_path / "study.tar.xz"
    job, record = study / "search/lif/0/job0", study / "search/lif/0/job0/1.json"
    job.mkdir(parents=True)
    record.write_text("archived")
    (job / ".snakemake_timestamp").touch()
    pack(study, archive)
    record.write_text("other")
    seal([job, record])
    unpack(study, [archive])
    verify([job, record], patience=0)
    assert record.read_text() == "archived"
    assert {file.name for file in job.iterdir()} == {"1.json", ".snakemake_timestamp"}


def test_what_an_archive_brought_is_known_to_no_snakemake(tmp_path: Path) -> None:
    """Changed settings would make nothing of it again."""
    there, here, snakemake = (tmp_path / name for name in ("there", "here", ".snakemake"))
    (there / "training" / "lif" / "0").mkdir(parents=True)
    (there / "training" / "lif" / "0" / "outcome.json").touch()
    pack(there, tmp_path / "study.tar.xz")
    here.mkdir()
    remember(here, {"epochs": 1}, snakemake)  # as the stage data does
    check_remembered(here, {"epochs": 2}, snakemake)
    unpack(here, [tmp_path / "study.tar.xz"])
    for _ in range(2):
        check_remembered(here, {"epochs": 1}, snakemake)
        with pytest.raises(ForgottenError, match="another epochs"):
            check_remembered(here, {"epochs": 2}, snakemake)
        remember(here, {"epochs": 1}, snakemake)


def test_what_is_archived(tmp_path: Path) -> None:
    archived = {
        "networks/lif_0.safetensors",
        "search/lif/0/job0/.snakemake_timestamp",
        "search/lif/0/job0/1.json",
        "training/lif/runs.parquet",
        "training/runs.csv",
        "variants/drive/1/lif/0/history.parquet",
        "variants/drive.csv",
    }
    left = ("search/lif/0/job1/2.json", "search/lif/0/states/3.json", "variants/drive.png")
    for name in (*archived, *left, "variants/drive/1/lif/0/snapshots.safetensors"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {str(name) for name in contents(tmp_path)} == archived


def test_archives_do_not_write_outside_of_the_results(tmp_path: Path) -> None:
    archive, results = tmp_path / "hostile.tar.xz", tmp_path / "a" / "results"
    with tarfile.open(archive, "w:xz") as tar:
        tar.addfile(tarfile.TarInfo("in/../../out.txt"))
    results.mkdir(parents=True)
    with pytest.raises((tarfile.FilterError, OSError)):
        unpack(results, [archive])
    assert {file for file in tmp_path.rglob("*") if file.is_file()} == {archive}
