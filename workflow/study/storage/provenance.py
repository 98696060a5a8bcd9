"""Digests of files, and of the code that a script runs, whose change makes a rule run again.

Comments, docstrings and layout are left out of the latter, so that explaining something better
costs nobody a night's computation.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import spikegrad

PACKAGES = {"spikegrad": Path(spikegrad.__file__).parent, "study": Path(__file__).parents[1]}
TEMPLATES = PACKAGES["study"] / "report" / "templates"


def digest(files: Iterable[str | Path], text: str = "") -> str:
    """SHA-256 of ``text`` and of the contents of ``files``, in the order given."""
    total = hashlib.sha256(text.encode())
    for name in files:
        with open(name, "rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


@cache
def folder_digest(folder: str | Path) -> str:
    """SHA-256 of the names, sizes and times of change of all files in a ``folder``; empty for what
    is none. Snakemake asks the folder alone, whose time a file two levels below does not change."""
    files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
    found = [(str(file.relative_to(folder)), file.stat()) for file in files]
    listing = "".join(f"{name} {of.st_size} {of.st_mtime_ns}\n" for name, of in found)
    return digest([], listing) if listing else ""


@cache
def code_digest(script: Path, *modules: str) -> str:
    """SHA-256 of what ``script`` and all of our packages that it imports say to Python.

    And of the templates of pages that these name. ``modules`` are those that it imports by name
    when it runs.
    """
    total = hashlib.sha256()
    files = [Path(script), *imported_files(script, *modules)]
    for file in files:
        total.update(f"{file.name} {_source(file).digest}\n".encode())
    for template in _reached(files, _named_templates):
        total.update(template.read_bytes())
    return total.hexdigest()


def code_variable(script: str, *modules: str) -> str:
    """The environment variable that tells jobs the :func:`code_digest` they were planned with."""
    return "_".join(["SPIKEGRAD_CODE", Path(script).stem, *modules]).replace(".", "_")


def edited_since(moment: float, script: Path) -> bool:
    """Whether ``script`` or any file of our packages was written after ``moment`` (s since 1970).

    A quick answer: it is also true of edits that :func:`code_digest` leaves out.
    """
    files = [script, *source_files(), *TEMPLATES.iterdir()]
    return any(file.stat().st_mtime >= moment for file in files)


def source_files() -> Iterator[Path]:
    """All Python files of our packages."""
    for package in PACKAGES.values():
        yield from package.rglob("*.py")


def imported_files(script: Path, *modules: str) -> list[Path]:
    """Our packages' files that ``script`` imports, directly or through others, sorted.

    Imports are read from the source, nothing is run; ``modules`` are imported, too.
    """
    named = {file for name in modules for file in _modules(name)}
    return sorted(named.union(_reached([Path(script), *named], lambda file: _source(file).imports)))


def _reached(files: list[Path], step: Callable[[Path], frozenset[Path]]) -> list[Path]:
    """All that ``step`` leads to from ``files``, directly or through others, sorted."""
    found: set[Path] = set()
    waiting = [*files]
    while waiting:
        new = step(waiting.pop()) - found
        found |= new
        waiting += new
    return sorted(found)


@cache
def _named_templates(file: Path) -> frozenset[Path]:
    text = file.read_text()
    return frozenset(path for path in TEMPLATES.iterdir() if f'"{path.name}"' in text)


class _Source(NamedTuple):
    digest: str  # of the syntax tree without docstrings; positions are not part of it
    imports: frozenset[Path]  # our packages' files that it imports directly


@cache
def _source(file: Path) -> _Source:
    tree = ast.parse(file.read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [
                entry
                for entry in node.body
                if not (isinstance(entry, ast.Expr) and isinstance(entry.value, ast.Constant))
            ]
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    imports = frozenset(module for name in names for module in _modules(name))
    return _Source(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imports)


@cache
def _modules(name: str) -> list[Path]:
    """The files run by importing the dotted ``name``: each package's __init__, then the module."""
    first, *parts = name.split(".")
    if first not in PACKAGES:
        return []
    folder = PACKAGES[first]
    files = [folder / "__init__.py"]
    for part in parts:
        if (folder / f"{part}.py").is_file():
            return [*files, folder / f"{part}.py"]
        folder = folder / part
        if not (folder / "__init__.py").is_file():
            break  # a name inside the module, not a module
        files.append(folder / "__init__.py")
    return files
