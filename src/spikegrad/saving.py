"""Files of tensors: safetensors with a checksum, whole or absent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from spikegrad.files import atomic

REMEDY = ": it is damaged; if a study made it, delete it, and it is made again"


class CheckpointError(ValueError):
    """A file of tensors is damaged or of another kind; the message names it and what to do."""


def save_tensors(
    path: str | Path, tensors: dict[str, Tensor], header: Mapping[str, Any] | None = None
) -> None:
    """Write ``tensors``, by name, and a ``header`` of plain values; ValueError for others."""
    try:
        text = json.dumps(dict(header or {}))
    except TypeError as problem:
        raise ValueError(f"what is kept beside tensors must be plain values ({problem})") from None
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    about = {"header": text, "sha256": _digest(tensors, text)}
    with atomic(path) as part:
        # One entry: safetensors writes several in an order that changes from run to run.
        save_file(tensors, part, {"spikegrad": json.dumps(about)})


def load_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file, by name, and its header.

    Raises
    ------
    CheckpointError
        If the file is absent, cut short, has a wrong bit or is not one of :func:`save_tensors`.
    """
    if not Path(path).is_file():
        raise CheckpointError(f"{path}: no such file")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("spikegrad", "{}"))
            # Copies, which torch aligns: else the last bits of products depend on where in the file
            # a tensor is, and so on the length of the header.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:  # ValueError: no JSON, no UTF-8
        raise CheckpointError(f"{path}: not a whole file of tensors ({error})" + REMEDY) from None
    if not about:
        raise CheckpointError(f"{path}: tensors that spikegrad has not written")
    if about.get("sha256") != _digest(tensors, about.get("header", "")):
        raise CheckpointError(f"{path}: its contents and its checksum differ" + REMEDY)
    return tensors, json.loads(about["header"])


def _digest(tensors: Mapping[str, Tensor], header: str) -> str:
    total = hashlib.sha256(header.encode())
    for name, tensor in sorted(tensors.items()):
        total.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        total.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
