"""Surrogate gradient descent of many networks together, resumable to the bit.

Within a block every layer's products are batched over networks. Matrix libraries may sum in an
order that depends on the batch, so a network's last bits depend on the block it trains in:
keep the block size fixed, and one thread to a block.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from spikegrad.ntk.moments import Activation, Derivative
from spikegrad.saving import CheckpointError, load_tensors, save_tensors
from study.machine import made_with, refuse_others
from study.ntk.dense_networks import Architecture, Block, backward, forward

log = logging.getLogger(__name__)


@contextmanager
def flush_subnormal() -> Iterator[None]:
    """Within, this thread takes subnormal numbers for 0: processors handle them ten times slower.

    Left so, it would change the results of whatever the process calculates next.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@dataclass(frozen=True, eq=False)
class Descent:
    """Full-batch surrogate gradient descent on the loss 1/2 mean (f - y)^2, with training inputs x
    [n, d] and targets y [n]. Kernel time is learning rate times steps."""

    architecture: Architecture
    activation: Activation
    surrogate: Derivative
    x: Tensor
    y: Tensor
    learning_rate: float

    def step(self, block: Block) -> None:
        """Move the parameters of every network in ``block`` by one step, in place."""
        layer_inputs, z = forward(self.architecture, block, self.x, self.activation)
        residual = (z[-1] - self.y[:, None].to(z[-1].dtype)).div_(len(self.y))
        signals = backward(self.architecture, block, z, self.surrogate)
        layers = block.weights, block.biases, layer_inputs, signals, self.architecture.scales
        for w, b, a, g, (scale, shift) in zip(*layers, strict=True):
            error = g.mul_(residual)
            w.baddbmm_(error.mT, a, alpha=-self.learning_rate * scale)
            b.sub_(error.sum(1, keepdim=True), alpha=self.learning_rate * shift)

    def advance(self, block: Block, steps: int) -> None:
        """Move the parameters of every network in ``block`` by ``steps`` steps, in place."""
        for _ in range(steps):
            self.step(block)


def train(
    descent: Descent,
    block: Block,
    record_steps: Sequence[int],
    checkpoints: Path,
    every: int,
    fingerprint: str,
) -> Iterator[tuple[int, Block]]:
    """Train ``block`` in place; yield it after each of ``record_steps`` (ascending).

    After every ``every`` steps, and at each record, the parameters go to ``checkpoints``. Called
    again after a kill, with a fresh block, training goes on from there, and records made before
    are yielded again from their files: the same bits as without the kill. Checkpoints with
    another ``fingerprint`` (made from other settings) are not used; OtherMachineError if they were
    made by other versions or on another type of processor.
    """
    stops = sorted({*record_steps, *range(every, record_steps[-1], every)})
    files = {stop: checkpoints / f"step-{stop}.safetensors" for stop in [0, *stops]}
    made = {stop for stop in stops if _made_from(files[stop], fingerprint)}
    lacking = min(set(record_steps) - made, default=math.inf)
    done = max((stop for stop in made if stop < lacking), default=-1)
    if done > 0:
        log.info("%s: resuming after step %d", checkpoints.name, done)
    with tqdm(total=stops[-1], desc=checkpoints.name, unit="step", disable=None) as bar:
        for start, stop in pairwise([0, *stops]):
            if stop > done:
                descent.advance(block, stop - start)
                _save(files[stop], block, fingerprint)
            elif stop == done or stop in record_steps:
                _load(files[stop], block)
            if start not in record_steps:
                files[start].unlink(missing_ok=True)
            bar.update(stop - start)
            if stop in record_steps:
                yield stop, block


def _made_from(file: Path, fingerprint: str) -> bool:
    if not file.exists():
        return False
    try:
        _, header = load_tensors(file)
    except CheckpointError as error:
        log.warning("%s", error)
        return False
    if header["fingerprint"] != fingerprint:
        return False
    refuse_others(header["made_with"], file.parent)
    return True


def _parameters(block: Block) -> dict[str, Tensor]:
    return {f"{i:03d}": p for i, p in enumerate([*block.weights, *block.biases])}


def _save(file: Path, block: Block, fingerprint: str) -> None:
    save_tensors(file, _parameters(block), {"fingerprint": fingerprint, "made_with": made_with()})


def _load(file: Path, block: Block) -> None:
    stored, _ = load_tensors(file)
    for name, parameter in _parameters(block).items():
        parameter.copy_(stored[name])
