"""Files of tensors: safetensors with a checksum, whole or absent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from spikegrad.files import atomic


class CheckpointError(ValueError):
    """A file of tensors is damaged or of another kind; the message names it and what to do."""


def save_tensors(
    path: str | Path, tensors: dict[str, Tensor], header: Mapping[str, str] | None = None
) -> None:
    """Write ``tensors``, by name, and the ``header`` that comes with them."""
    header = header or {}
    with atomic(path) as part:
        save_file(tensors, part, {**header, "sha256": _digest(tensors, header)})


def load_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file, by name, and its header.

    Raises
    ------
    CheckpointError
        If the file is absent, cut short, has a wrong bit or is not one of :func:`save_tensors`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:  # ValueError: a header without UTF-8
        raise CheckpointError(f"{path}: not a whole file of tensors ({error})" + REMEDY) from None
    if header.pop("sha256", None) != _digest(tensors, header):
        raise CheckpointError(f"{path}: its contents and its checksum differ" + REMEDY)
    return tensors, header


REMEDY = "; delete it, and what it belongs to is made again"


def _digest(tensors: Mapping[str, Tensor], header: Mapping[str, str]) -> str:
    total = hashlib.sha256(json.dumps(dict(header), sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        total.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        total.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
