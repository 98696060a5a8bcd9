"""What of this package a script runs: the digest that makes a rule rerun after an edit.

Comments, docstrings and layout are left out of it, so that explaining something better costs
nobody a night's computation.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def code_digest(script: Path) -> str:
    """SHA-256 of what ``script`` and all of the package that it imports say to Python.

    And of the templates of pages that these name.
    """
    total = hashlib.sha256()
    files = [Path(script), *imported_files(script)]
    for file in files:
        total.update(f"{file.name} {_file_digest(file)}\n".encode())
    for template in _templates(files):
        total.update(template.read_bytes())
    return total.hexdigest()


def imported_files(script: Path) -> list[Path]:
    """The package's files that ``script`` imports, directly or through others, sorted.

    Imports are read from the source, nothing is run.
    """
    found: set[Path] = set()
    waiting = [Path(script)]
    while waiting:
        new = _direct_imports(waiting.pop()) - found
        found |= new
        waiting += new
    return sorted(found)


def _templates(files: list[Path]) -> list[Path]:
    """The templates that are named in ``files``, or in such a template, sorted."""
    templates = {path.name: path for path in (PACKAGE / "report" / "templates").iterdir()}
    named: set[str] = set()
    new = templates.keys() & set().union(*map(_strings, files))
    while new:
        named |= new
        texts = [templates[name].read_text() for name in new]
        new = {name for name in templates for text in texts if f'"{name}"' in text} - named
    return [templates[name] for name in sorted(named)]


@cache
def _strings(file: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(file.read_text()))
    return frozenset(n.value for n in nodes if isinstance(n, ast.Constant) and type(n.value) is str)


@cache
def _file_digest(file: Path) -> str:
    """Of the syntax tree without docstrings; positions are not part of it."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [entry for entry in node.body if not _is_text(entry)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_text(node: ast.stmt) -> bool:
    """Whether it is a string and nothing else: a docstring, or one of an attribute."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@cache
def _direct_imports(file: Path) -> frozenset[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(module for name in names for module in _modules(name))


def _modules(name: str) -> list[Path]:
    """The files run by importing the dotted ``name``: each package's __init__, then the module."""
    first, *parts = name.split(".")
    if first != PACKAGE.name:
        return []
    folder = PACKAGE
    files = [folder / "__init__.py"]
    for part in parts:
        if (folder / f"{part}.py").is_file():
            return [*files, folder / f"{part}.py"]
        folder = folder / part
        if not (folder / "__init__.py").is_file():
            break  # a name inside the module, not a module
        files.append(folder / "__init__.py")
    return files
