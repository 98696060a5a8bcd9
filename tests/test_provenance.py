"""What a script depends on, against what Python really loads; what of it counts."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spikegrad
import spikegrad.files
import spikegrad.ntk
from configs import settings
from smoke import ROOT, copy_repository, snakemake
from spikegrad.settings import validate
from study.config.study import Study
from study.entries import modules_of
from study.parts import parts, pictures
from study.storage import provenance
from study.storage.provenance import code_digest, imported_files

SCRIPTS = ROOT / "workflow" / "scripts"


@pytest.mark.parametrize("name", ["train.py", "prepare.py", "compile_engine.py"])
def test_every_module_that_a_script_loads_is_found(name):
    """The script runs up to its first use of snakemake; what is loaded by then must be known."""
    probe = (
        "import sys, runpy\n"
        f"sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "try:\n"
        f"    runpy.run_path({str(SCRIPTS / name)!r})\n"
        "except NameError as error: assert error.name == 'snakemake'\n"
        "files = {m.__file__ for n, m in sys.modules.items()"
        " if n.split('.')[0] in ('spikegrad', 'study') and m.__file__}\n"
        "print(*files, sep='\\n')\n"
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = {Path(line).resolve() for line in run.stdout.split("\n") if line}
    found = {file.resolve() for file in imported_files(SCRIPTS / name)}
    assert loaded
    # what watches for edits and damage while a job runs changes no result
    watch = Path(provenance.__file__).resolve()
    watching = {watch, *map(watch.with_name, ("__init__.py", "sums.py"))}
    watching |= {Path(spikegrad.files.__file__).resolve(), watch.parents[1] / "__init__.py"}
    assert loaded - watching <= found


def test_figures_pages_and_suggestions_start_without_torch():
    """Its import takes longer than most of them do."""
    study = validate(Study, settings("heidelberg.yaml"))
    light = [own for own in parts(study).values() if own.limits is None]
    light += pictures(study).values()
    works = {("make_tables.py", *modules_of(own.functions)) for own in light}
    works |= {(f"{name}.py",) for name in ("study_page", "search_suggest", "search_best")}
    for script, *modules in works:
        files = imported_files(SCRIPTS / script, *modules)
        texts = {file: file.read_text() for file in files}
        slow = [f for f, text in texts.items() if re.search("^(import|from) torch", text, re.M)]
        assert slow == [], script


def forget() -> None:
    """What was read of files before they were edited."""
    for remembered in ("code_digest", "_source", "_modules", "_named_templates"):
        getattr(provenance, remembered).cache_clear()


@pytest.fixture
def copy(tmp_path, monkeypatch) -> Path:
    """A folder with copies of our packages, which the digest is made to read."""
    packages = {name: tmp_path / name for name in provenance.PACKAGES}
    for name, folder in provenance.PACKAGES.items():
        shutil.copytree(folder, packages[name], ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGES", packages)
    monkeypatch.setattr(provenance, "TEMPLATES", packages["study"] / "report" / "templates")
    forget()
    return tmp_path


def digest_after(file: Path, old: str, new: str, script: str = "train.py") -> str:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    forget()
    return code_digest(SCRIPTS / script)


def test_what_changes_a_result_counts(copy):
    digests = {code_digest(SCRIPTS / "train.py")}
    digests.add(digest_after(copy / "study/training/loop.py", "math.pi", "3.14"))
    forward = copy / "spikegrad/engine/forward.py"  # imported by an import
    digests.add(digest_after(forward, "+", "-"))
    digests.add(digest_after(copy / "spikegrad" / "seeds.py", "def ", "UNUSED = 1\n\n\ndef "))
    assert len(digests) == 4
    assert digest_after(copy / "study/ntk/ensemble.py", "\ndef", "\nA = 1\n\n\ndef") in digests
    assert digest_after(copy / "study/training/optimizer.py", "\nclass", "\n\nclass") in digests


def test_templates_count_for_the_pages_that_are_made_of_them(copy):
    surfaces = str(copy / "study/figures/surfaces.py")
    makers = ("judge_claims.py", surfaces)
    before = {script: code_digest(SCRIPTS / script) for script in (*makers, "train.py")}
    edits = {
        "claims.md": {"judge_claims.py"},
        "surfaces.js": {surfaces},
        "page.css": set(makers),  # included by a template of their templates
    }
    for name, changed in edits.items():
        template = copy / "study/report/templates" / name
        text = template.read_text()
        after = {script: digest_after(template, text, text + " ", script) for script in before}
        assert {script for script in before if after[script] != before[script]} == changed
        template.write_text(text)


def test_a_workflow_runs_the_packages_beside_it(tmp_path):
    """A copied environment still points to the original."""
    project = copy_repository(tmp_path)
    library = project / "src" / "spikegrad" / "settings.py"
    library.write_text(f"{library.read_text()}\nprint('the library of this clone')\n")
    (project / "workflow/study/config/study.py").write_text(
        "raise ImportError('the study of this clone')"
    )
    run = snakemake(project, "--list")
    assert "the library of this clone" in run.stdout
    assert "the study of this clone" in run.stdout + run.stderr


def test_importing_the_package_loads_nothing_else():
    code = "import sys, spikegrad.ntk; assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_own_code_imports_from_modules_not_from_public_names():
    """A name looked up lazily would hide from the digest what a script depends on."""
    lazy = {f"spikegrad{p}": set(m.__all__) for p, m in
            (("", spikegrad), (".ntk", spikegrad.ntk))}  # fmt: skip
    for file in [*provenance.source_files(), *SCRIPTS.glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in lazy:
                assert not {a.name for a in node.names} & lazy[node.module], (file, node.lineno)
