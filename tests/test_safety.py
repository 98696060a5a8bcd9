"""What no file of the library or the workflow does; SECURITY.md says why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from smoke import ROOT

PYTHON = {
    str(path.relative_to(ROOT)): path
    for pattern in ("src/**/*.py", "workflow/**/*.py", "benchmarks/*.py")
    for path in ROOT.glob(pattern)
}
SNAKEMAKE = sorted([*(ROOT / "workflow").rglob("*.smk"), ROOT / "workflow" / "Snakefile"])

CODE_IN_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
FORBIDDEN_CALLS = {
    "eval": "runs text",
    "exec": "runs text",
    "compile": "runs text",
    "os.system": "starts a shell",
    "os.popen": "starts a shell",
    "pd.read_pickle": "runs what is in the file",
    "yaml.load": "builds any object; use yaml.safe_load",
    "yaml.unsafe_load": "builds any object; use yaml.safe_load",
    "yaml.full_load": "builds any object; use yaml.safe_load",
    "tempfile.mktemp": "names a file that another may make first",
    "ssl._create_unverified_context": "trusts any server",
}
ALLOWED = {
    "src/spikegrad/engine/formulas.py": {"exec"},
    "src/spikegrad/neurons/taylor.py": {"exec"},
    "workflow/study/storage/archive.py": {"tar.extract"},
}
"""The engine's own code generation: loads and stores, from the number of variables; and archives,
whose members Python's data filter keeps in the folder (tests/test_archive.py)."""


def keyword(call: ast.Call, name: str) -> str | None:
    found = [ast.unparse(k.value) for k in call.keywords if k.arg == name]
    return found[0] if found else None


def offences(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What is forbidden and why, for each place in ``tree``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in CODE_IN_DATA:
                    yield alias.name, "its files may hold code"
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in CODE_IN_DATA:
                yield node.module or "", "its files may hold code"
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in FORBIDDEN_CALLS:
                yield name, FORBIDDEN_CALLS[name]
            if name == "torch.load" and keyword(node, "weights_only") != "True":
                yield name, "runs what is in the file without weights_only=True"
            if name.endswith("load") and keyword(node, "allow_pickle") not in (None, "False"):
                yield name, "runs what is in the file"
            if keyword(node, "shell") not in (None, "False"):
                yield name, "gives its arguments to a shell"
            if name.endswith((".extractall", ".extract")):
                yield name, "writes where the archive says"


def test_the_search_finds_what_it_looks_for() -> None:
    bad = """
import pickle
from joblib import load
torch.load("x")
torch.load("x", weights_only=False)
np.load("x", allow_pickle=True)
yaml.load(f)
eval("1")
subprocess.run("ls", shell=True)
archive.extractall()
"""
    assert len(list(offences(ast.parse(bad)))) == 9
    good = "torch.load('x', weights_only=True); np.load('x'); yaml.safe_load(f); run(['ls'])"
    assert list(offences(ast.parse(good))) == []


def test_no_file_runs_data() -> None:
    found = {
        (name, offence)
        for name, path in PYTHON.items()
        for offence, _ in offences(ast.parse(path.read_text()))
    }
    assert found == {(name, offence) for name, allowed in ALLOWED.items() for offence in allowed}


def test_no_rule_has_a_shell_command() -> None:
    """So that no setting, wildcard or file name is ever part of one."""
    for path in SNAKEMAKE:
        text = path.read_text()
        assert not re.search(r"(?m)^\s*(shell|run):", text), path
        assert not re.search(r"\b(shell|eval|exec)\(", text), path
