"""What the terminal says while a study runs, at its end, and when a job fails."""

from __future__ import annotations

import re
import subprocess
import sys
from logging import ERROR, INFO, makeLogRecord
from pathlib import Path

from snakemake_interface_logger_plugins.common import LogEvent

from smoke import edited, snakemake
from snakemake_logger_plugin_lines import Lines

LINE = r"(?m)^\d\d:\d\d:\d\d  {}$"
RULES = """
rule all:
    input: expand("{letter}.txt", letter=["a", "b"]), "never.txt"
rule write:
    output: "{letter}.txt"
    shell: "echo {wildcards.letter} > {output}"
rule fail:
    output: "never.txt"
    log: "fail.log"
    shell: "seq 30 > {log}; exit 1"
"""


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A workflow of two jobs and one that fails, whose messages our plugin writes."""
    (folder / "Snakefile").write_text(RULES)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--logger", "lines", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_job_is_a_line_and_one_that_fails_shows_its_logs_end_once(tmp_path):
    failed = run(tmp_path, "--keep-going")
    assert failed.returncode != 0
    assert re.search("^4 jobs to do$", failed.stderr, re.MULTILINE)
    numbered = re.findall(LINE.format(r"( *\d/4)  (\w+)(?:  letter (\w))?"), failed.stderr)
    assert [number.strip() for number, _, _ in numbered] == ["1/4", "2/4", "3/4"]
    assert {line[1:] for line in numbered} == {("fail", ""), ("write", "a"), ("write", "b")}
    assert len(re.findall(LINE.format("FAILED  fail"), failed.stderr)) == 1
    shown = re.findall(r"(?m)^    (\d+)$", failed.stderr)
    assert shown == [str(k) for k in range(19, 31)]
    assert "(30 lines in fail.log)" in failed.stderr
    assert len(failed.stderr.splitlines()) < 30


def test_what_a_scheduler_says_of_a_job_is_shown():
    says = "SLURM-job '7' failed, SLURM status is: 'TIMEOUT'"
    fields = {"event": LogEvent.JOB_ERROR, "jobid": 1, "rule_name": "train", "log": ["none.log"]}
    shown = Lines().format(makeLogRecord({**fields, "rule_msg": says, "levelno": ERROR}))
    assert re.fullmatch(r"\d\d:\d\d:\d\d  FAILED  train\n    " + re.escape(says), shown)
    group = {"event": LogEvent.GROUP_INFO, "msg": "Group job voices (jobs in lexicogr. order):"}
    assert "Group job voices" in Lines().format(makeLogRecord(group | {"levelno": INFO}))


def test_a_dry_run_says_what_would_run_and_why(tmp_path):
    dry = run(tmp_path, "--dry-run")
    assert "reason: Missing output files: a.txt" in dry.stdout + dry.stderr


def test_the_end_says_where_to_look(finished, tmp_path):
    """At what the run has made: an answer that is older than the accuracies is none."""
    project = edited(finished, tmp_path)
    results = "results/spoken-digits-smoke"
    lines = ("--logger", "lines", "--")
    shown = snakemake(project, "--forcerun", "study_page", *lines, f"{results}/index.html").stderr
    assert re.search(rf"(?m)^  answer +{results}/index.html$", shown)
    assert "snakemake --cores 1 --configfile config/smoke.yaml -- whole_report" in shown
    stage = snakemake(project, "--forcerun", "summarise", *lines, "training").stderr
    assert re.search(rf"(?m)^  accuracies +{results}/training/summary.csv$", stage)
    assert "index.html" not in stage
    assert stage.count("\n") < 40
