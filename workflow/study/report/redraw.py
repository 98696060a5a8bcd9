"""The figures of a published study, drawn again from the tables beside its page.

The workflow draws them, in a scratch folder whose results are the published files: Snakemake makes
nothing again that is there, so that a figure is drawn if all its tables are kept, and only then.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from study.config.study import Study

REPOSITORY = Path(__file__).parents[3]
JOB = re.compile(r"^(?:local)?rule plot_\w+:\n    input: (.*)\n    output: (.*)$", re.M)


class RedrawError(RuntimeError):
    """The workflow does not draw; the message says why."""


def redraw(folder: Path) -> tuple[list[Path], list[Path]]:
    """Draw the figures of the published study in ``folder`` again, in place.

    Returns those that were drawn, and those that were not, since not all their tables are kept.

    Raises
    ------
    RedrawError
        If the workflow does not take the study's settings, or fails.
    """
    settings_file = min(folder.rglob("study.yaml"), key=lambda file: len(file.parts))
    settings = yaml.safe_load(settings_file.read_text())
    figures = sorted(file.relative_to(folder) for file in folder.rglob("figures/*.png"))
    with tempfile.TemporaryDirectory() as scratch:
        place = Path("results", settings["dataset"])
        if not (folder / "training").exists():  # the second paper's part alone
            place /= "ntk"
        results = Path(scratch, place)
        shutil.copytree(folder, results, ignore=shutil.ignore_patterns("*.png"))
        for file in results.rglob("*"):  # none is newer than another
            os.utime(file, (0, 0))
        Path(scratch, "study.yaml").write_text(
            yaml.safe_dump(drop_unknown_keys(exclude_base_models(settings)))
        )
        possible = _drawable_figures(Path(scratch), [place / figure for figure in figures])
        drawn = [figure for figure in figures if place / figure in possible]
        if drawn:
            _snakemake(Path(scratch), "--quiet", "all", "--", *(place / own for own in drawn))
        for figure in drawn:
            shutil.copyfile(results / figure, folder / figure)
    return drawn, [figure for figure in figures if figure not in drawn]


def exclude_base_models(settings: dict) -> dict:
    """``settings`` of a study that has no more models and variants when they are laid over those of
    config.yaml."""
    base = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    known = {name: settings[name] for name in ("neurons", "variants") if name in settings}
    return settings | {
        name: {**dict.fromkeys(base.get(name) or {}), **(own or {})} for name, own in known.items()
    }


def drop_unknown_keys(settings: dict) -> dict:
    """``settings`` of an earlier version without the keys that are constants by now, or gone."""
    left = json.loads(json.dumps(settings, default=str))
    try:
        Study.model_validate_json(json.dumps(left))
    except ValidationError as error:
        for problem in error.errors():
            if problem["type"] == "extra_forbidden":
                *above, key = problem["loc"]
                section: Any = left
                for part in above:  # the choice among sections of several kinds is named, too
                    if isinstance(part, int) or part in section:
                        section = section[part]
                del section[key]
    return left


def _drawable_figures(scratch: Path, figures: Sequence[Path]) -> set[Path]:
    """Those of the ``figures`` whose tables are all there, and what is drawn with them."""
    possible: set[Path] = set()
    for tables, made in JOB.findall(_snakemake(scratch, "--dry-run", "--", *figures)):
        if all((scratch / table).exists() for table in tables.split(", ")):
            possible |= set(map(Path, made.split(", ")))
    return possible


def _snakemake(scratch: Path, *options: str | Path) -> str:
    command: Sequence[str | Path] = [
        *(sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile"),
        *("--directory", scratch, "--configfile", scratch / "study.yaml", "--cores", "1"),
        *("--workflow-profile", "none", "--rerun-triggers", "mtime", *options),
    ]
    run = subprocess.run(command, capture_output=True, text=True)
    said = run.stdout + run.stderr
    if run.returncode:
        raise RedrawError(said.strip()[-2000:])
    return said
