"""What the documentation tells the reader to write works as it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from smoke import snakemake
from spikegrad.engine.compiler import _CACHE_FOLDER
from spikegrad.settings import validate
from study.config.study import Study

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorial-neuron.md"
PAGES = "\n".join((ROOT / "docs" / f"{name}.md").read_text() for name in ("usage", "own-spikes"))
SETTINGS = re.findall(r"```yaml\n(.*?)```", PAGES, re.DOTALL)


def test_the_tutorial_runs(tmp_path: Path):
    """In a process of its own, which the new neuron's compiled code and name do not outlive."""
    blocks = re.findall(
        r"```python(?: title=\"(.*?)\")?\n(.*?)```", TUTORIAL.read_text(), re.DOTALL
    )
    files = {name: code for name, code in blocks if name}
    steps = [code for name, code in blocks if not name]
    assert list(files) == ["src/spikegrad/neurons/alif.py"]
    assert sum("assert" in code for code in steps) == 3
    (tmp_path / "alif.py").write_text(files["src/spikegrad/neurons/alif.py"])
    package = "import spikegrad.neurons\nspikegrad.neurons.__path__.append('.')\n"
    (tmp_path / "steps.py").write_text("\n\n".join([package, *steps]))
    shutil.copytree(_CACHE_FOLDER, tmp_path / "cache" / Path(_CACHE_FOLDER).name)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    run = subprocess.run(
        [sys.executable, "steps.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("text", SETTINGS)
def test_settings_that_the_documentation_shows_are_valid(text: str):
    """Laid over the demo, as the documentation says."""
    settings = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    for own in ((ROOT / "config" / "demo.yaml").read_text(), text):
        update_config(settings, yaml.safe_load(own))
    study = validate(Study, settings)
    assert study.dataset == yaml.safe_load(text).get("dataset", "spoken-digits")


def test_commands_that_the_documentation_shows_name_what_exists():
    pages = "\n".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    listed = snakemake(ROOT, "--list").stdout
    rules = {line.split(" (")[0] for line in listed.splitlines()}
    named = re.findall(r"--forcerun (\w+)", pages) + re.findall(r" -- ([a-z]+)\b(?!/)", pages)
    assert {"plot_confusion", "plot_paper_landscapes", "training"} <= set(named)
    assert set(named) <= rules
