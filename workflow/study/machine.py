"""On what a result is computed, as far as its last bits depend on it.

Compiled code and matrix libraries choose instructions by the processor, and each choice rounds in
its own way; so do versions of the libraries. If all of :func:`made_with` is the same, so are the
bits.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding

from spikegrad.engine.compiler import processor
from spikegrad.version import __version__


class OtherMachineError(RuntimeError):
    """A checkpoint was made elsewhere; the message says by what they differ, and what to do."""


def made_with() -> dict[str, str]:
    """All that the bits of a training depend on beside code, data and settings, by name."""
    import torch  # now only, since whoever compiles asks for the processor alone

    name, features = processor()
    vectors = [f[1:] for f in sorted(features.split(",")) if f.startswith(("+avx", "+fma", "+sve"))]
    return {
        "spikegrad": __version__,
        "torch": torch.__version__,
        **{library: version(library) for library in ("numba", "llvmlite", "numpy")},
        "Numba's processor": " ".join([name, *vectors]),
        "torch's instructions": torch.backends.cpu.get_cpu_capability(),
        "MKL's path": os.environ.get("MKL_CBWR") or llvmlite.binding.get_host_cpu_name(),
    }


def machine() -> str:
    """One line for people: host, processor, instructions and versions."""
    made = made_with()
    versions = ", ".join(f"{name} {made[name]}" for name in ("torch", "numba", "numpy"))
    name, instructions = processor()[0], made["torch's instructions"]
    return f"{platform.node()}: {name}, {instructions}; {versions}, spikegrad {__version__}"


def refuse_others(made: Mapping[str, Any], checkpoint: Path) -> None:
    """Raise OtherMachineError if ``checkpoint`` was ``made`` otherwise than here and now."""
    here = made_with()
    differ = [
        f"{name} {made.get(name, 'unknown')}, here {value}"
        for name, value in here.items()
        if made.get(name) != value
    ]
    if differ:
        raise OtherMachineError(
            f"{checkpoint}: made with {'; '.join(differ)}. Going on would mix their roundings:"
            " go on where it was made, or delete it to start over; docs/cluster.md, mixed CPUs"
        )
