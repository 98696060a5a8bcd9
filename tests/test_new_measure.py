"""What docs/new-measure.md tells a stranger to write works."""

from __future__ import annotations

import logging
import re
import runpy
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Namedlist

import study.landscape
from smoke import ROOT, copy_repository, snakemake
from study.landscape.constants import STATES
from study.landscape.directions import save_centres
from study.storage.tables import read_table
from test_contributing import insert
from test_landscape_job import DATA, FOUND, OWN, options

PAGE = (ROOT / "docs" / "new-measure.md").read_text()
BLOCKS = dict(re.findall(r"```\w+ title=\"(.*?)\"\n(.*?)```", PAGE, re.DOTALL))
SMOKE = "results/spoken-digits-smoke"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the page's files."""
    project = copy_repository(tmp_path_factory.mktemp("project"))
    for title, text in BLOCKS.items():
        name, _, place = title.partition(": ")
        if place:
            insert(project / name, ('    "surfaces": (', text))
        else:
            with open(project / name, "a") as file:
                file.write(("\n\n" if name.endswith(".smk") else "") + text)
    return project


def test_a_measure_is_planned_for_every_network(project: Path):
    run = snakemake(project, "--dry-run", "--", f"{SMOKE}/landscape/figures/curvature.png")
    assert run.returncode == 0, run.stdout + run.stderr
    jobs = dict(re.findall(r"(?m)^(\w+) +(\d+)$", run.stdout))
    assert (jobs["landscape_curvature"], jobs["landscape_join_curvature"]) == ("4", "1")
    assert jobs["plot_landscape_curvature"] == "1"


def test_a_measure_makes_its_table_and_its_figure(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The scripts, given the files of one small network."""
    place = [*study.landscape.__path__, str(project / "workflow/study/landscape")]
    monkeypatch.setattr(study.landscape, "__path__", place)
    monkeypatch.setitem(sys.modules, "_job", SimpleNamespace(start=lambda _: logging.getLogger()))
    monkeypatch.setattr("study.data.dataset.load", lambda events, split, role: DATA)

    def run(script: str, **given: dict) -> None:
        named = {kind: Namedlist(fromdict=values) for kind, values in given.items()}
        path = project / "workflow/scripts" / script
        runpy.run_path(str(path), {"snakemake": SimpleNamespace(**named)})

    centres, table = tmp_path / "0.safetensors", tmp_path / "0.curvature.parquet"
    save_centres(centres, OWN, FOUND)
    run(
        "landscape_measure.py",
        input={"events": "", "split": "", "directions": centres, "run": ["", ""]},
        output={"curvature": table},
        wildcards={"job": "0"},
        params={
            "modules": ["study.landscape.curvature"],
            "landscape": options().model_dump(mode="json"),
        },
    )
    joined = tmp_path / "curvature.parquet"
    by = {"sorted_by": ["neuron", "seed", "state"]}
    run("join_tables.py", input={"curvature": [table]}, output={"curvature": joined}, params=by)
    declared = import_module("study.landscape.curvature").CURVATURE_TABLE
    assert set(read_table(joined)) == set(declared.columns)
    assert len(read_table(joined)) == len(STATES)
    picture = tmp_path / "curvature.png"
    script = "plot_landscape_curvature.py"
    run(script, input={"curvature": joined}, output={"png": str(picture)})
    assert picture.stat().st_size > 5000
