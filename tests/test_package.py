"""What is installed: the library alone is light, and README's example runs on that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from smoke import ROOT
from spikegrad import __version__

BARRED = """
import sys
from importlib.metadata import packages_distributions, requires
from importlib.util import find_spec
from packaging.requirements import Requirement

def needed(names):
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in found:
            found.add(name)
            for wanted in map(Requirement, requires(name) or []):
                if not wanted.marker or wanted.marker.evaluate({{"extra": ""}}):
                    waiting.append(wanted.name)
    return found

allowed = needed({names!r})

class Bar:
    # finds what the others find, but for what is barred
    def __init__(self, others):
        self.others = others

    def find_spec(self, name, path=None, target=None):
        homes = {{d.lower().replace("_", "-") for d in homes_of.get(name.split(".")[0], [])}}
        if homes and not homes & allowed:
            return None
        found = (other.find_spec(name, path, target) for other in self.others)
        return next((spec for spec in found if spec is not None), None)

homes_of = packages_distributions()
sys.meta_path[:] = [Bar([*sys.meta_path])]
"""
"""Makes a process that sees the packages ``names`` and what they need, and no others."""


def test_the_library_needs_what_it_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [name.split(">")[0] for name in project["dependencies"]]
    readme = (ROOT / "README.md").read_text().split("```python\n")[1:]
    example = "\n".join(block.split("```")[0] for block in readme)
    public = (
        "import spikegrad, spikegrad.ntk\n"
        "for package in (spikegrad, spikegrad.ntk):\n"
        "    for name in package.__all__: getattr(package, name)\n"
        "import sys\n"
        "assert not {'pandas', 'matplotlib', 'snakemake', 'optuna'} & set(sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", BARRED.format(names=names) + public + example],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_the_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/spikegrad/version.py"
    assert "version" not in yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_citation_names_the_papers():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    papers = {entry["url"] for entry in citation["references"] if "url" in entry}
    assert set(project["urls"].values()) == papers
    assert citation["license"] == project["license"]


@pytest.mark.parametrize(("given", "seen"), [(None, "passive"), ("active", "active")])
def test_idle_threads_of_torch_sleep_unless_the_user_says_otherwise(
    given: str | None, seen: str
) -> None:
    command = "import spikegrad, os; print(os.environ['OMP_WAIT_POLICY'])"
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    if given is not None:
        environment["OMP_WAIT_POLICY"] = given
    run = subprocess.run(
        [sys.executable, "-c", command], env=environment, capture_output=True, text=True
    )
    assert run.stdout.strip() == seen
