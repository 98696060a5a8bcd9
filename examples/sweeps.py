"""Upward and downward sweeps through a hundred channels, distinguished by exact gradients.

Run it as a script, or cell by cell (``# %%``). It draws sweeps.png: an input, what LIF and QIF
neurons make of it, one neuron's potential, and how learning went.
"""

# %% Spikes. A sample is two arrays: times in seconds, and the channels that spike then.
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.functional import cross_entropy

from spikegrad import IntegratedReadout, SpikeTrains, SpikingLayer


def sweeps(n: int, seed: int) -> tuple[SpikeTrains, torch.Tensor]:
    """``n`` samples of 0.3 s; even ones (class 0) go up through the channels, odd ones down."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    times = rng.uniform(0, 0.3, (n, 120))
    height = np.where(labels[:, None] == 0, times / 0.3, 1 - times / 0.3)
    units = np.clip(100 * height + rng.normal(0, 20, times.shape), 0, 99).astype(int)
    return SpikeTrains.from_arrays(times, units, duration=0.3), torch.from_numpy(labels)


train, train_labels = sweeps(64, seed=0)
test, test_labels = sweeps(200, seed=1)


# %% Learning. Layers are torch modules, gradients are exact: any torch optimiser does.
def learn(neuron: str, steps: int = 30) -> tuple[SpikingLayer, list[float], float]:
    """A trained layer, the loss of each step, and the share of test samples classified right."""
    torch.manual_seed(0)
    layer = SpikingLayer(100, 24, neuron=neuron, tau=0.02, recurrent=True)
    readout = IntegratedReadout(24, 2, tau_out=0.02, window=0.1)
    optimiser = torch.optim.Adam(
        [
            {"params": layer.parameters(), "lr": 0.03},
            {"params": readout.parameters(), "lr": 1.0},  # its weights are larger
        ]
    )
    losses = []
    for _ in range(steps):
        loss = cross_entropy(readout(layer(train)), train_labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        right = (readout(layer(test)).argmax(1) == test_labels).double().mean()
    return layer, losses, float(right)


trained = {neuron: learn(neuron) for neuron in ("lif", "qif")}
for name, (_, curve, accuracy) in trained.items():
    print(f"{name}: loss {curve[0]:.2f} to {curve[-1]:.2f}, {accuracy:.0%} of new samples right")

# %% A figure.
figure, axes = plt.subplots(2, 3, figsize=(10, 5.5), layout="constrained")
axes[0, 0].plot(1e3 * test[0].times, test[0].units, ".", markersize=3, color="0.3")
axes[0, 0].set(title="an upward sweep", xlabel="time (ms)", ylabel="channel")
grid = np.linspace(0, 0.3, 3001)
for column, (name, (layer, curve, accuracy)) in enumerate(trained.items(), start=1):
    colour = f"C{column - 1}"
    with torch.no_grad():
        spikes = layer(test[0])
    busiest = int(torch.bincount(spikes.units, minlength=24).argmax())
    axes[0, column].plot(1e3 * spikes.times, spikes.units, "|", color=colour)
    axes[0, column].set(title=f"{name.upper()} neurons", xlabel="time (ms)", ylabel="neuron")
    potential = layer.trace(test, sample=0, neuron=busiest, times=grid)
    axes[1, column].plot(1e3 * grid, potential, color=colour, linewidth=1)
    axes[1, column].set(xlabel="time (ms)", ylabel=f"potential of neuron {busiest}", ylim=(-3, 3))
    axes[1, 0].plot(curve, color=colour, label=f"{name.upper()}, {accuracy:.0%} right")
axes[1, 0].set(xlabel="step", ylabel="loss (nats)", yscale="log")
axes[1, 0].legend()
figure.savefig("sweeps.png", dpi=120)
