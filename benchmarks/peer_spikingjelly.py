"""SpikingJelly: clock-driven, surrogate gradient, PyTorch, in its multi-step mode."""

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn

from contestant import N_CLASSES, TAU_MEMBRANE, TAU_SYNAPSE, task
from peer_torch import train

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
    layer.Linear(t.n_inputs, t.hidden, bias=False),
    hidden,
    layer.Linear(t.hidden, N_CLASSES, bias=False),
    layer.SynapseFilter(tau),
)
functional.set_step_mode(model, "m")


def logits(x: Tensor) -> Tensor:
    functional.reset_net(model)
    return model(x).mean(0)


train(t, logits, model.parameters())
