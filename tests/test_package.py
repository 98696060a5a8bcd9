"""What is installed: the library alone is light, and README's example runs on that."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from smoke import ROOT


def needed(names: list[str]) -> set[str]:
    """The distributions ``names`` and all that they need."""
    found: set[str] = set()
    while names:
        name = names.pop().lower().replace("_", "-")
        if name not in found:
            found.add(name)
            wanted = [Requirement(text) for text in requires(name) or []]
            names += [r.name for r in wanted if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


def folder_of(names: list[str], folder: Path) -> None:
    """Make ``folder`` one of packages that has the distributions ``names`` and what they need."""
    allowed, site = needed(names), Path(sysconfig.get_path("purelib"))
    for top, homes in packages_distributions().items():
        if {home.lower().replace("_", "-") for home in homes} & allowed:
            others = [*site.glob(f"{top}-*"), *site.glob(f"{top}.*")]
            for part in {site / top, site / f"{top}.libs", *others}:
                if part.exists() and not (folder / part.name).exists():
                    (folder / part.name).symlink_to(part)


def test_the_workflow_is_read_by_snakemake_alone(tmp_path: Path):
    """As the workflow catalogue does, whose environment has nothing else."""
    folder_of(["snakemake"], tmp_path)
    assert not (tmp_path / "numpy").exists()
    run = subprocess.run(
        [sys.executable, "-S", "-m", "snakemake", "--lint", "--workflow-profile", "none"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_the_library_needs_what_it_declares(tmp_path: Path):
    """In a folder of packages that has these alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    folder_of([name.split(">")[0] for name in project["dependencies"]], tmp_path)
    readme = (ROOT / "README.md").read_text().split("```python\n")[1:]
    public = (
        "import spikegrad, spikegrad.ntk\n"
        "for package in (spikegrad, spikegrad.ntk):\n"
        "    for name in package.__all__: getattr(package, name)\n"
    )
    example = "\n".join(block.split("```")[0] for block in readme)
    expected = "\nassert accuracy > 0.9 and kernels.ntk.shape == (20, 20)"
    run = subprocess.run(
        [sys.executable, "-S", "-c", public + example + expected],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT / 'src'}"},
        cwd=tmp_path,  # it saves a network
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert not {"pandas", "matplotlib", "optuna"} & {path.name for path in tmp_path.iterdir()}


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
