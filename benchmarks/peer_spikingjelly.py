"""SpikingJelly: clock-driven, surrogate gradient, PyTorch, in its multi-step mode."""

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn
from torch.nn.functional import cross_entropy

from contestant import compete, task
from workload import N_CLASSES, N_UNITS, TAU_MEMBRANE, TAU_SYNAPSE, binned, labels

t = task()
torch.manual_seed(0)
tau, tau_synapse = TAU_MEMBRANE / t.step, TAU_SYNAPSE / t.step
hidden = nn.Sequential(
    layer.SynapseFilter(tau_synapse),
    neuron.LIFNode(tau, surrogate_function=surrogate.ATan()),
)
if t.recurrent:
    hidden = layer.LinearRecurrentContainer(hidden, t.hidden, t.hidden, bias=False)
model = nn.Sequential(
    layer.Linear(N_UNITS, t.hidden, bias=False),
    hidden,
    layer.Linear(t.hidden, N_CLASSES, bias=False),
    layer.SynapseFilter(tau),
)
functional.set_step_mode(model, "m")
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
x, targets = torch.from_numpy(binned(t.batch, t.step)), torch.from_numpy(labels(t.batch))


def update() -> None:
    optimizer.zero_grad()
    functional.reset_net(model)
    cross_entropy(model(x).mean(0), targets).backward()
    optimizer.step()


compete(update, "spikingjelly", "torch")
