"""What no file of the library or the workflow does; SECURITY.md says why."""

from __future__ import annotations

import re

from smoke import ROOT

UNSAFE = re.compile(
    r"^\s*(import|from) (pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve)\b"
    r"|allow_pickle=True|(?<![.\w])compile\(|torch\.load\((?!.*weights_only=True)"
    r'|\.extract\((?!.*filter="data")',
    re.MULTILINE,
)


def test_no_file_runs_data():
    """Beside what ruff refuses (S in pyproject.toml)."""
    for folder in ("src", "workflow", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            if ".venvs" not in path.parts:  # of peers
                assert not UNSAFE.search(path.read_text()), path


def test_no_rule_has_a_shell_command():
    """So that no setting, wildcard or file name is ever part of one."""
    for path in [*(ROOT / "workflow").rglob("*.smk"), ROOT / "workflow" / "Snakefile"]:
        text = path.read_text()
        assert not re.search(r"(?m)^\s*(shell|run):", text), path
        assert not re.search(r"\b(shell|eval|exec)\(", text), path
