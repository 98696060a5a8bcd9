"""snnTorch: clock-driven, surrogate gradient, PyTorch."""

import snntorch as snn
import torch
from snntorch import surrogate
from torch import Tensor, nn

from contestant import N_CLASSES, decays, task
from peer_torch import train

t = task()
torch.manual_seed(0)
alpha, beta = decays(t.step)
slope = surrogate.fast_sigmoid()


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Linear(t.n_inputs, t.hidden, bias=False)
        if t.recurrent:
            self.hidden = snn.RSynaptic(alpha, beta, linear_features=t.hidden, spike_grad=slope)
        else:
            self.hidden = snn.Synaptic(alpha, beta, spike_grad=slope)
        self.output = nn.Linear(t.hidden, N_CLASSES, bias=False)
        self.readout = snn.Leaky(beta, reset_mechanism="none")

    def forward(self, x: Tensor) -> Tensor:
        state = self.hidden.init_rsynaptic() if t.recurrent else self.hidden.init_synaptic()
        membrane = self.readout.init_leaky()
        potentials = []
        for current in self.input(x):
            state = self.hidden(current, *(state if t.recurrent else state[-2:]))
            _, membrane = self.readout(self.output(state[0]), membrane)
            potentials.append(membrane)
        return torch.stack(potentials).mean(0)


model = Network()
train(t, model, model.parameters())
