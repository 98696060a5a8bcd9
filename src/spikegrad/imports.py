"""Which files of this package a script runs: the inputs that make a rule rerun after an edit."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


def imported_files(script: Path) -> list[str]:
    """The package's files that ``script`` imports, directly or through others, sorted.

    Imports are read from the source, nothing is run. Paths are relative to the working
    directory where that contains the package.
    """
    found: set[Path] = set()
    waiting = [Path(script)]
    while waiting:
        new = _direct_imports(waiting.pop()) - found
        found |= new
        waiting += new
    here = Path.cwd()
    return sorted(str(f.relative_to(here) if f.is_relative_to(here) else f) for f in found)


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
