"""Spyx: clock-driven, surrogate gradient, JAX."""

import jax
import jax.numpy as jnp
import optax
import spyx.nn as snn
from flax import nnx

from contestant import N_CLASSES, binned, compete, decays, labels, task

t = task()
alpha, beta = decays(t.step)
rngs = nnx.Rngs(0)
neuron = snn.RCuBaLIF if t.recurrent else snn.CuBaLIF
model = snn.Sequential(
    nnx.Linear(t.n_inputs, t.hidden, use_bias=False, rngs=rngs),
    neuron((t.hidden,), alpha=alpha, beta=beta, rngs=rngs),
    nnx.Linear(t.hidden, N_CLASSES, use_bias=False, rngs=rngs),
    snn.LI((N_CLASSES,), beta=beta, rngs=rngs),
)
optimizer = nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param)
x = jnp.asarray(binned(t))
targets = jnp.asarray(labels(t))


@nnx.jit
def step(model: nnx.Module, optimizer: nnx.Optimizer) -> jax.Array:
    def loss(model: nnx.Module) -> jax.Array:
        logits = snn.run(model, x)[0].mean(0)
        return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()

    value, gradient = nnx.value_and_grad(loss)(model)
    optimizer.update(model, gradient)
    return value


compete(lambda: step(model, optimizer).block_until_ready())
