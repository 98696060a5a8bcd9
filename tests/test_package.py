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


def test_the_library_needs_what_it_declares(tmp_path: Path):
    """In a folder of packages that has these alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    allowed = needed([name.split(">")[0] for name in project["dependencies"]])
    site = Path(sysconfig.get_path("purelib"))
    for top, homes in packages_distributions().items():
        if {home.lower().replace("_", "-") for home in homes} & allowed:
            parts = [
                site / top,
                site / f"{top}.libs",
                *site.glob(f"{top}-*"),
                *site.glob(f"{top}.*"),
            ]
            for part in {part for part in parts if part.exists()}:
                (tmp_path / part.name).symlink_to(part)
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
