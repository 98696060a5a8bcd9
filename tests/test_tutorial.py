"""The tutorial on neuron models: every block of Python in it runs, its checks included."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial-neuron.md"


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
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    run = subprocess.run(
        [sys.executable, "steps.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
