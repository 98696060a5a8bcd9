"""Spyx on the shared workload: a clock-driven, surrogate-gradient peer. Needs spyx and optax.

python benchmarks/peer_spyx.py STEP BATCH REPEATS: prints the seconds of each update, one a line.
"""

from __future__ import annotations

import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import spyx.nn as snn
from flax import nnx

from workload import DURATION, N_CLASSES, N_UNITS, events


def main(step: float, batch: int, repeats: int) -> None:
    n_steps = round(DURATION / step)
    rngs = nnx.Rngs(0)
    model = snn.Sequential(
        nnx.Linear(N_UNITS, 128, use_bias=False, rngs=rngs),
        snn.RCuBaLIF((128,), alpha=float(np.exp(-step / 0.01)), beta=0.95, rngs=rngs),
        nnx.Linear(128, N_CLASSES, use_bias=False, rngs=rngs),
        snn.LI((N_CLASSES,), beta=0.95, rngs=rngs),
    )
    optimizer = nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param)
    dense = np.zeros((n_steps, batch, N_UNITS), np.float32)
    for b, sample in enumerate(events(batch, None)):
        rows = np.minimum((sample[:, 0] / step).astype(int), n_steps - 1)
        np.add.at(dense, (rows, b, sample[:, 1].astype(int)), 1)
    x, labels = jnp.asarray(dense), jnp.arange(batch) % N_CLASSES

    @nnx.jit
    def update(model: nnx.Module, optimizer: nnx.Optimizer) -> jax.Array:
        def loss(model: nnx.Module) -> jax.Array:
            logits = snn.run(model, x)[0].mean(0)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        value, gradient = nnx.value_and_grad(loss)(model)
        optimizer.update(model, gradient)
        return value

    for _ in range(3):  # compiles, and again for the optimizer's first real state
        update(model, optimizer).block_until_ready()
    for _ in range(repeats):
        start = time.perf_counter()
        update(model, optimizer).block_until_ready()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
