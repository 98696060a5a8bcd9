"""jaxsnn: event-driven, exact gradients by EventProp, JAX; recurrent, at full resolution."""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxsnn.event.loss import mse_loss
from jaxsnn.event.modules import LIF, Linear, Source
from jaxsnn.event.modules.lif import LIFParameters
from jaxsnn.event.topology import Topology
from jaxsnn.event.training import update as train
from jaxsnn.event.types import OptState, Spike
from jaxsnn.examples.event.utils import loss_wrapper

from contestant import DURATION, N_CLASSES, TAU_MEMBRANE, TAU_SYNAPSE, compete, events, labels, task

SPIKES = 16  # room for spikes a neuron and sample

t = task()
samples = events(t)
length = max(len(sample) for sample in samples)
times = np.full((t.batch, length), np.inf, np.float32)
units = np.full((t.batch, length), -1)
for b, sample in enumerate(samples):
    times[b, : len(sample)], units[b, : len(sample)] = sample.T
spikes = Spike(
    time=jnp.asarray(times),
    idx=jnp.asarray(units),
    current=jnp.zeros_like(times),
    layer_idx=jnp.zeros_like(units),
    internal=jnp.asarray(units >= 0),
)
targets = 0.5 * DURATION + 0.1 * (1 - jax.nn.one_hot(labels(t), N_CLASSES))

parameters = LIFParameters(tau_syn=TAU_SYNAPSE, tau_mem=TAU_MEMBRANE, v_th=1.0)
own, output = SPIKES * t.hidden, SPIKES * N_CLASSES
topology = Topology(t_max=DURATION, backprop_method="eventprop")
nodes = {
    "inp": Source(t.channels),
    "in": Linear(mean=0.01, std=0.1),
    "hidden": LIF(t.hidden, length + own, parameters),
    "out": Linear(mean=0.01, std=0.1),
    "readout": LIF(N_CLASSES, own + output, parameters),
}
edges = [*pairwise(nodes), ("hidden", "back"), ("back", "hidden")]
topology.add({**nodes, "back": Linear(mean=0.0, std=0.01)})
topology.connect(edges)
initialise, network = topology.done()
weights = initialise(jax.random.PRNGKey(0))
optimizer = optax.adam(1e-6)
loss = partial(loss_wrapper, network, mse_loss, TAU_MEMBRANE, "readout", N_CLASSES)
step = jax.jit(partial(train, optimizer, loss))
state = OptState(optimizer.init(weights), weights, jax.random.PRNGKey(1))


def update() -> None:
    global state
    state, _ = step(state, ({"inp": spikes}, targets))
    jax.block_until_ready(state.params)


compete(update)
