"""The examples run, learn, and draw."""

from __future__ import annotations

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.image import imread

from smoke import ROOT


def test_sweeps_are_distinguished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    made = runpy.run_path(str(ROOT / "examples" / "sweeps.py"))
    assert list(made["trained"]) == ["lif", "qif"]
    assert all(share >= 0.9 for _, _, share in made["trained"].values())
    assert imread(tmp_path / "sweeps.png").std() > 0.05
    plt.close("all")
