"""What no file of the library or the workflow does; SECURITY.md says why."""

from __future__ import annotations

import re
import subprocess
import sys

from smoke import ROOT

RULES = "S102,S202,S301,S302,S306,S307,S323,S506,S602,S604,S605"
"""Ruff's rules against text or data that run as code, shells, archives that leave their folder,
and servers that are trusted without a certificate."""
UNSAFE = re.compile(
    r"^\s*(import|from) (pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve)\b"
    r"|allow_pickle=True|(?<![.\w])compile\(|torch\.load\((?!.*weights_only=True)"
    r'|\.extract\((?!.*filter="data")',
    re.MULTILINE,
)
ALLOWED = {
    # The engine's own code generation: loads and stores, from the number of variables.
    ("src/spikegrad/engine/formulas.py", "S102"),
    ("src/spikegrad/neurons/taylor.py", "S102"),
}


def offences(*files: str, text: str | None = None) -> list[tuple[str, str]]:
    """File and rule of each offence."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero"]
    run = subprocess.run(
        [*command, "--select", RULES, "--output-format", "concise", *files],
        input=text, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return re.findall(r"(?m)^(\S+?):\d+:\d+: (\S+)", run.stdout)


def test_what_runs_data_is_found():
    bad = """
import subprocess, tarfile, numpy as np, torch, yaml
import pickle
from joblib import load
torch.load("x")
torch.load("x", weights_only=False)
np.load("x", allow_pickle=True)
yaml.load(f)
eval("1")
subprocess.run("ls", shell=True)
tarfile.open("x").extractall()
"""
    assert len(offences("-", text=bad)) + len(UNSAFE.findall(bad)) == 9
    good = "import torch, yaml\ntorch.load('x', weights_only=True); yaml.safe_load(f); run(['ls'])"
    assert offences("-", text=good) == UNSAFE.findall(good) == []


def test_no_file_runs_data():
    assert set(offences("src", "workflow", "benchmarks")) == ALLOWED
    for folder in ("src", "workflow", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not UNSAFE.search(path.read_text()), path


def test_no_rule_has_a_shell_command():
    """So that no setting, wildcard or file name is ever part of one."""
    for path in [*(ROOT / "workflow").rglob("*.smk"), ROOT / "workflow" / "Snakefile"]:
        text = path.read_text()
        assert not re.search(r"(?m)^\s*(shell|run):", text), path
        assert not re.search(r"\b(shell|eval|exec)\(", text), path
