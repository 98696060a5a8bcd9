"""Which files are damaged: asked after a job has failed, to name the cause and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from study.storage import tables

# Spike files and tensors say it themselves: study.data.layout, spikegrad.saving.
READERS: dict[str, Callable[[Path], Any]] = {
    **tables.READERS,
    ".json": lambda path: json.loads(path.read_text()),
    ".yaml": lambda path: yaml.safe_load(path.read_text()),
    ".npy": np.load,
}


def damaged(paths: Iterable[str | Path]) -> list[str]:
    """A line for each table, JSON, YAML or array file of ``paths`` that cannot be read."""
    return [line for path in paths for line in _damage(Path(path))]


def _damage(path: Path) -> list[str]:
    try:
        READERS.get(path.suffix, Path.exists)(path)
    except Exception as problem:  # a damaged file may raise anything
        return [f"{path} is damaged ({problem}); delete it, and snakemake makes it again"]
    return []
