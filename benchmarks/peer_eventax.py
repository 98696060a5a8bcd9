"""Eventax: event-driven, exact gradients through a differentiable solver, JAX; recurrent, at full
resolution."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from eventax.evnn import EvNN
from eventax.neuron_models import LIF

from contestant import DURATION, N_CLASSES, TAU_MEMBRANE, TAU_SYNAPSE, compete, events, labels, task

SPIKES = 16  # room for spikes a neuron and sample

t = task()
samples = events(t)
times = np.full(
    (t.batch, t.channels, max(np.bincount(s[:, 1].astype(int)).max() for s in samples)), np.inf
)
for b, sample in enumerate(samples):
    for unit in range(t.channels):
        own = sample[sample[:, 1] == unit, 0]
        times[b, unit, : len(own)] = own
times, targets = jnp.asarray(times, jnp.float32), jnp.asarray(labels(t))

# Hidden neurons, then one of each class that cannot spike: its potential at the end is the logit.
n = t.hidden + N_CLASSES
connected = np.ones((n + t.channels, n))
connected[t.hidden : n] = 0
connected[n:, t.hidden :] = 0
weights = np.random.default_rng(0).normal(0, 0.01, connected.shape)
weights[n:] += 0.0135
network = EvNN(
    LIF,
    n,
    DURATION,
    t.channels,
    jax.random.PRNGKey(0),
    wmask=jnp.asarray(connected),
    output_neurons=jnp.arange(n) >= t.hidden,
    input_neurons=jnp.arange(n) < t.hidden,
    max_event_steps=max(map(len, samples)) + SPIKES * t.hidden,
    thresh=jnp.where(jnp.arange(n) < t.hidden, 1.0, 1e9),
    tsyn=TAU_SYNAPSE,
    tmem=TAU_MEMBRANE,
    init_weights=jnp.asarray(weights * connected, jnp.float32),
    init_bias=0.0,
)


def loss(network: EvNN) -> jax.Array:
    end = jnp.asarray([DURATION])
    logits = jax.vmap(lambda sample: network.state_at_t(sample, end)[:, 0, 0])(times)
    return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()


optimizer = optax.adam(1e-6)
state = optimizer.init(eqx.filter(network, eqx.is_inexact_array))


@eqx.filter_jit
def step(network: EvNN, state: optax.OptState) -> tuple[EvNN, optax.OptState]:
    gradients = eqx.filter_grad(loss)(network)
    changes, state = optimizer.update(gradients, state)
    return eqx.apply_updates(network, changes), state


def update() -> None:
    global network, state
    network, state = step(network, state)
    jax.block_until_ready(network.neuron_model.weights)


compete(update)
