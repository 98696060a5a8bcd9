"""Every table and column, for the page that ``make docs`` makes of them."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import study
from study.storage.columns import Table


def declared_tables() -> list[Table]:
    """All declarations, by the first of their files."""
    names = [m.name for m in pkgutil.walk_packages(study.__path__, "study.") if not m.ispkg]
    found = {
        value.files: value
        for name in names
        for value in vars(import_module(name)).values()
        if isinstance(value, Table)
    }
    return sorted(found.values())


def dictionary() -> str:
    """Every table and column, as Markdown."""
    text = [
        "# Tables\n\nEvery table that a study writes, below `results/<dataset>/`; `*` stands for"
        " neuron models, seeds, jobs and experiments. pandas reads both CSV and Parquet.\n"
    ]
    for table in declared_tables():
        names = ", ".join(f"`{name}`" for name in table.files)
        text.append(f"\n## {table.files[0]}\n\n{names}: {table.says}\n")
        text.append("\n| column | meaning |\n|---|---|\n")
        text += [f"| `{name}` | {meaning} |\n" for name, meaning in table.columns.items()]
    return "".join(text)
