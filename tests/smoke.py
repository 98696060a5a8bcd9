"""The workflow, run on smoke.yaml in a copy of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import yaml

from forks import fork, join, run_snakemake

ROOT = Path(__file__).parents[1]
PARTS = ["Snakefile", "workflow", "profiles", "config", "envs", "src"]


SMOKE = ROOT / ".smoke"
"""The repository with the smoke study's results, kept from one run of the tests to the next."""


def copy_repository(target: Path) -> Path:
    """Those parts of the repository that a study needs, in place of earlier ones in ``target``."""
    target.mkdir(exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        shutil.rmtree(target / part, ignore_errors=True)
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / part)
    return target


TRIGGERS = ["--rerun-triggers", "input", "mtime", "params", "software-env"]  # as in the profiles


def snakemake(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run snakemake on smoke.yaml, it and its jobs in forks (``run_snakemake``)."""
    arguments = [
        *TRIGGERS, "--cores", "2", "--workflow-profile", "none",
        "--configfile", "config/smoke.yaml", *options,
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("stdout", "stderr")]
        process = fork(run_snakemake, project, arguments, *files)
        status = join(process)
        out, err = (file.read_text() for file in files)
    return subprocess.CompletedProcess(arguments, status, out, err)


def planned(project: Path, *options: str, targets: Iterable[str | Path] = ()) -> Counter[str]:
    """How many jobs of each rule would run, and which entries of study.parts they are for."""
    run = snakemake(project, *options, "--dry-run", "--", *map(str, targets))
    assert run.returncode == 0, run.stdout + run.stderr
    found: Counter[str] = Counter()
    block = r"^(?:localrule|rule|checkpoint) (\w+):\n((?: {4}.*\n)*)"
    for rule, about in re.findall(block, run.stdout + run.stderr, re.MULTILINE):
        found.update([rule, *re.findall(r"wildcards: (?:part|picture|network)=(\S+)", about)])
    del found["default"], found["all"]  # they only collect
    return found


def replanned(finished: Path, folder: Path, **settings: object) -> Counter[str]:
    """How many jobs would run if these ``settings`` were laid over the smoke study's."""
    overlay = folder / "overlay.yaml"
    overlay.write_text(yaml.safe_dump(settings))
    return planned(finished, str(overlay))


def edited(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, with its modification times, to try an edit on."""
    project = tmp_path / "project"
    shutil.copytree(finished, project, symlinks=True)
    return project
