"""The examples run, learn, and draw."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from matplotlib.image import imread

from smoke import ROOT


def test_sweeps_are_distinguished(tmp_path: Path):
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "sweeps.py")],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    shares = re.findall(r"(\w+): .* (\d+)% of new samples right", run.stdout)
    assert [name for name, _ in shares] == ["lif", "qif"]
    assert all(int(share) >= 90 for _, share in shares)
    assert imread(tmp_path / "sweeps.png").std() > 0.05
