"""What a job reads is what another has written, whatever kind of file: or it is refused by name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from smoke import damage, edited, snakemake
from study.config.remembered import (
    FILE,
    ForgottenError,
    check_remembered,
    remember,
    remember_alone,
)
from study.storage.sums import FOLDER, OWN, DamagedError, seal, verify


def test_changed_lost_and_added_contents_are_refused_by_name(tmp_path: Path) -> None:
    file, folder = tmp_path / "x.csv", tmp_path / "job0"
    file.write_text("a,b\n1,2\n")
    (folder / "deep").mkdir(parents=True)
    for name in ("0.json", "deep/1.json"):
        (folder / name).write_text("{}")
    seal([file, folder, tmp_path / "absent"])
    (folder / ".snakemake_timestamp").touch()
    verify([file, folder, tmp_path / "absent"])
    file.write_text("a,b\n1,3\n")
    with pytest.raises(DamagedError, match=r"x\.csv is not as it was written.*delete it"):
        verify([file], patience=0)
    seal([file])  # made again
    verify([file])
    for change in (
        lambda: (folder / "0.json").write_text("[]"),
        lambda: (folder / "2.json").write_text("{}"),
        lambda: (folder / "deep" / "1.json").rename(folder / "1.json"),
    ):
        seal([folder])
        change()
        with pytest.raises(DamagedError, match="job0 is not as it was written"):
            verify([folder], patience=0)


def test_any_flipped_bit_of_any_kind_of_file_is_refused(finished: Path, tmp_path: Path) -> None:
    """Of all that the smoke study has written, but for what carries its own checksum."""
    results = edited(finished, tmp_path) / "results" / "spoken-digits-smoke"
    sums = results / FOLDER
    sealed = [results / own.relative_to(sums).with_suffix("") for own in sums.rglob("*.sum")]
    files = sorted(f for f in sealed if f.is_file() and f.stat().st_size)
    records = sorted(f for job in sealed if job.is_dir() for f in job.rglob("*.json"))
    written = [f for f in results.rglob("*") if f.is_file() and FOLDER not in f.parts]
    kinds = {f.suffix for f in written if f.stat().st_size and not any(map(f.match, OWN))}
    assert {f.suffix for f in [*files, *records]} >= kinds - {".tsv", ""}
    rng = np.random.default_rng(0)
    flips = 0
    for file in rng.permutation([*files, *records])[:450]:
        path = Path(file)
        content = bytearray(path.read_bytes())
        content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        whole = path.read_bytes()
        path.write_bytes(content)
        read = path if path in files else next(job for job in path.parents if job in sealed)
        with pytest.raises(DamagedError, match=str(read)):
            verify([read], patience=0)
        path.write_bytes(whole)
        verify([read], patience=0)
        flips += 1
    assert flips >= 150


def test_only_what_was_just_written_is_waited_for(tmp_path: Path, monkeypatch) -> None:
    """On a cluster another machine's sum may come after its file."""
    file = tmp_path / "x.csv"
    file.write_text("a\n")
    seal([file])
    file.write_text("b\n")
    monkeypatch.setattr("time.sleep", lambda _: seal([file]))
    verify([file])
    file.write_text("c\n")
    os.utime(file, (0, 0))
    with pytest.raises(DamagedError):
        verify([file])


def test_a_job_names_the_damaged_file_that_it_would_read(finished: Path, tmp_path: Path) -> None:
    project = edited(finished, tmp_path)
    table = project / "results" / "spoken-digits-smoke" / "training" / "runs.csv"
    damage(table, table.read_text().replace("0.", "1.", 1))
    (project / "results" / "spoken-digits-smoke" / "claims.csv").unlink()
    run = snakemake(project, "--rerun-triggers", "code", "--show-failed-logs", "--", "claims")
    assert run.returncode != 0
    assert "Error in rule judge_claims" in run.stderr
    assert "training/runs.csv is not as it was written" in run.stderr
    assert "start the same command again" in run.stderr


def test_settings_are_remembered_where_snakemake_has_forgotten(
    finished: Path, tmp_path: Path
) -> None:
    """Results of other settings do not pass for those of new ones when .snakemake is gone."""
    project = edited(finished, tmp_path)
    known = project / f"results/spoken-digits-smoke/{FILE}"
    assert len(known.read_text().splitlines()) == 1  # since all of it has been made
    shutil.rmtree(project / ".snakemake")
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("training: {epochs: 3}\nnetwork: {tau: 0.025}\n")
    run = snakemake(project, "--configfile", "config/smoke.yaml", str(overlay), "--", "training")
    assert run.returncode != 0
    assert "was made with another network.tau, training.epochs, and the .snakemake" in (
        (run.stdout + run.stderr).replace("\n", " ")
    )


def test_only_what_nobody_knows_is_refused(tmp_path: Path) -> None:
    results, snakemake = tmp_path / "results", tmp_path / ".snakemake"
    results.mkdir()
    check_remembered(results, {"a": 1}, snakemake)
    first, second = ({"a": {"b": b}, "c": (1, 2)} for b in (1, 2))
    remember(results, first, snakemake)
    check_remembered(results, {"d": 1}, snakemake)  # which knows, and makes again what it has to
    shutil.rmtree(snakemake)
    (results / "table.csv").touch()
    for _ in range(2):
        check_remembered(results, first, snakemake)
        with pytest.raises(ForgottenError, match=r"made with another a\.b, and"):
            check_remembered(results, second, snakemake)
        with pytest.raises(ForgottenError, match=r"another a\.b, c, d and 1 more, and"):
            check_remembered(results, {"d": 1, "e": 2}, snakemake)
        remember(results, first, snakemake)  # a later run knows no more of the earlier files
        (snakemake / "metadata").mkdir(parents=True, exist_ok=True)
        (snakemake / "metadata" / "record").touch()
    remember(results, second, snakemake)
    for both in (first, second):
        with pytest.raises(ForgottenError, match=r"made with another a\.b, and"):
            check_remembered(results, both, snakemake)
    remember_alone(results, second)  # after all stages
    check_remembered(results, second, snakemake)


def test_results_from_elsewhere_and_neuron_models_are_no_less_forgotten(tmp_path: Path) -> None:
    """Of an archive's files Snakemake knows no settings; a model may have no values of its own."""
    results, snakemake = tmp_path / "results", tmp_path / ".snakemake"
    results.mkdir()
    (results / "table.csv").touch()
    remember(results, {"neurons": {"lif": {}}}, snakemake)
    check_remembered(results, {"neurons": {"lif": {}}}, snakemake)
    with pytest.raises(ForgottenError, match="made with another neurons, and"):
        check_remembered(results, {"neurons": {"lif": {}, "qif": {}}}, snakemake)
