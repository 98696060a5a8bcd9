"""jaxpike: clock-driven, surrogate gradient, JAX."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import jaxpike as jp
import optax

from contestant import compete, task
from workload import N_CLASSES, TAU_MEMBRANE, TAU_SYNAPSE, binned, labels

t = task()
keys = jax.random.split(jax.random.key(0), 2 + t.layers)
tau, tau_synapse = TAU_MEMBRANE / t.step, TAU_SYNAPSE / t.step
nodes = {}
for layer, n_in in enumerate([t.n_inputs, *[t.hidden] * (t.layers - 1)]):
    own = jp.Dense(n_in, t.hidden, use_bias=False, gain=8.0, key=keys[2 + layer])
    nodes |= {f"in{layer}": own, f"synapse{layer}": jp.LeakyIntegrator(tau=tau_synapse)}
    nodes[f"hidden{layer}"] = jp.LIF(tau=tau)
nodes |= {
    "out": jp.Dense(t.hidden, N_CLASSES, use_bias=False, key=keys[0]),
    "readout": jp.LeakyIntegrator(tau=tau),
}
if t.recurrent:
    back = jp.Dense(t.hidden, t.hidden, use_bias=False, key=keys[1])
    chain = ["input", *nodes]
    edges = [*pairwise(chain), ("hidden0", "back"), ("back", "synapse0")]
    model = jp.Graph({**nodes, "back": back}, edges, "readout")
else:
    model = jp.Sequential(*nodes.values())
x = jnp.asarray(binned(t.batch, t.step, t.channels, t.copies))
targets = jnp.asarray(labels(t.batch))
optimizer = optax.adam(1e-3)


def loss(model: eqx.Module, x: jax.Array, targets: jax.Array) -> tuple[jax.Array, None]:
    return jp.cross_entropy(jp.unroll(model, x)[0].mean(0), targets), None


step = jp.make_step(loss, optimizer)
state = optimizer.init(eqx.filter(model, eqx.is_inexact_array))


def update() -> None:
    global model, state
    model, state, value, _ = step(model, state, x, targets)
    jax.block_until_ready((model, value))


compete(update, "jaxpike", "jax")
