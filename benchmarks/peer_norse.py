"""Norse: clock-driven, surrogate gradient, PyTorch."""

import norse.torch as norse
import torch
from torch import Tensor, nn

from contestant import N_CLASSES, TAU_MEMBRANE, TAU_SYNAPSE, task
from peer_torch import train

t = task()
torch.manual_seed(0)
rates = {
    "tau_syn_inv": torch.tensor(1 / TAU_SYNAPSE),
    "tau_mem_inv": torch.tensor(1 / TAU_MEMBRANE),
}
neuron = norse.LIFParameters(**rates)
if t.recurrent:
    hidden = [norse.LIFRecurrent(t.n_inputs, t.hidden, p=neuron, dt=t.step)]
else:
    hidden = [nn.Linear(t.n_inputs, t.hidden, bias=False), norse.LIF(p=neuron, dt=t.step)]
model = norse.SequentialState(
    *hidden,
    nn.Linear(t.hidden, N_CLASSES, bias=False),
    norse.LI(p=norse.LIParameters(**rates), dt=t.step),
)


def logits(x: Tensor) -> Tensor:
    return model(x)[0].mean(0)


train(t, logits, model.parameters())
