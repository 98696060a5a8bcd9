"""A study's page, and what it shows or links to, in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import yaml

from spikegrad.version import __version__
from study.report.claims_page import claims_page
from study.report.page import CLAIMS, PAGE, template_of
from study.storage.tables import read_table

FILES = (
    "README.md",
    "**/*.csv",
    "**/figures/*.png",
    "**/study.yaml",
    "**/software.yaml",
    "networks/*.safetensors",
    "search/*.parquet",
    "search/*/*/best.yaml",
    "training/histories.parquet",
    "ntk/README.md",
)
"""What is copied of a study, or of its folder with the second paper's results."""


def commit_of(repository: Path) -> str:
    """The commit that ``repository`` stands at; the package's version where there is no git."""
    command = ["git", "-C", str(repository), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return f"version {__version__}"


def publish(results: Path, target: Path, commit: str) -> None:
    """Copy the finished study in ``results`` to ``target``, in place of what is there.

    ``commit`` names the code; about.yaml keeps it.
    """
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for file in sorted({file for pattern in FILES for file in results.glob(pattern)}):
        copy = part / file.relative_to(results)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    for table in part.rglob("claims.csv"):
        folder, judged_in = table.parent, (results / table.relative_to(part)).parent
        page = claims_page(read_table(table), PAGE, folder, judged_in)
        (folder / CLAIMS[template_of(folder)]).write_text(page)
    (part / "about.yaml").write_text(yaml.safe_dump({"commit": commit}))
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
