"""jaxpike: clock-driven, surrogate gradient, JAX."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import jaxpike as jp
import optax

from contestant import N_CLASSES, TAU_MEMBRANE, TAU_SYNAPSE, binned, compete, labels, task

t = task()
keys = jax.random.split(jax.random.key(0), 3)
tau = TAU_MEMBRANE / t.step
nodes = {
    "in": jp.Dense(t.n_inputs, t.hidden, use_bias=False, gain=8.0, key=keys[2]),
    "synapse": jp.LeakyIntegrator(tau=TAU_SYNAPSE / t.step),
    "hidden": jp.LIF(tau=tau),
    "out": jp.Dense(t.hidden, N_CLASSES, use_bias=False, key=keys[0]),
    "readout": jp.LeakyIntegrator(tau=tau),
}
if t.recurrent:
    back = jp.Dense(t.hidden, t.hidden, use_bias=False, key=keys[1])
    chain = ["input", *nodes]
    edges = [*pairwise(chain), ("hidden", "back"), ("back", "synapse")]
    model = jp.Graph({**nodes, "back": back}, edges, "readout")
else:
    model = jp.Sequential(*nodes.values())
x = jnp.asarray(binned(t))
targets = jnp.asarray(labels(t))
optimizer = optax.adam(1e-3)


def loss(model: eqx.Module, x: jax.Array, targets: jax.Array) -> tuple[jax.Array, None]:
    return jp.cross_entropy(jp.unroll(model, x)[0].mean(0), targets), None


step = jp.make_step(loss, optimizer)
state = optimizer.init(eqx.filter(model, eqx.is_inexact_array))


def update() -> None:
    global model, state
    model, state, value, _ = step(model, state, x, targets)
    jax.block_until_ready((model, value))


compete(update)
