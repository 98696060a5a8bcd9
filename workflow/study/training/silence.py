"""Neurons that fall silent during training: whether they still learn, and wake as it goes on."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spikegrad.layers import NotFiniteError, SpikingLayer
from spikegrad.network import Network, load_network
from spikegrad.runaways import without_runaways
from spikegrad.saving import load_tensors
from spikegrad.settings import validate
from study.config.training import FURTHER_EPOCHS, TrainingSettings
from study.data.dataset import SpikeDataset
from study.training.batches import watched_samples
from study.training.loop import DIVERGED, train_on
from study.training.optimizer import Adam
from study.training.run import by_epoch
from study.training.trained import TrainedNetwork

COLUMNS = {
    "neuron": "object",
    "seed": "int64",
    "unit": "int64",
    "ever_spiked": "bool",
    "silent": "bool",
    "has_gradient": "bool",
    "woke": "bool",
    "epochs": "int64",
}


def silence(trained: TrainedNetwork, further_epochs: int = FURTHER_EPOCHS) -> pd.DataFrame:
    """What becomes of each hidden neuron of a run that trains on from its last snapshot.

    It trains for ``further_epochs`` more, at the full constant learning rate and with a fresh
    optimizer. A run without any snapshot gives a table without rows.
    """
    network, header = load_network(trained.checkpoint)
    kept = by_epoch(load_tensors(trained.snapshots)[0], "epoch")
    if not kept:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    options = validate(TrainingSettings, header["training"], where=str(trained.checkpoint))
    last = max(kept)
    network.load_state_dict(kept[0])  # Adam's unit is the spread of the initial weights
    optimizer = Adam(network, options.learning_rate, options.readout_learning_rate)
    network.load_state_dict(kept[last])
    ever, silent = spiked(trained.history, sum(network.settings.layers))
    data = trained.train
    gradient = has_gradient(network, data, options.batch_size)
    woke, done = np.zeros(len(ever), bool), 0
    seed, more = header["seed"], range(last + 1, last + 1 + further_epochs)
    watched = watched_samples(data, seed)
    with suppress(*DIVERGED):
        for answer in train_on(network, optimizer, data, watched, options, seed, more):
            woke |= (answer.counts.nansum(0) > 0).numpy()
            done += 1
    units = np.arange(len(ever))
    values = (header["model"], seed, units, ever, silent, gradient.numpy(), woke, done)
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True))).astype(COLUMNS)


def spiked(history: pd.DataFrame, n_neurons: int) -> tuple[np.ndarray, np.ndarray]:
    """Which neurons ever spiked, and which are silent at the end, bool [n_neurons] each.

    After an epoch of ``history`` a neuron is silent if no watched sample makes it spike; at the
    end, if it is silent after each of the last quarter of epochs.
    """
    silent = np.zeros((len(history), n_neurons), bool)
    for row, units in zip(silent, history["silent_neurons"], strict=True):
        row[np.asarray(units, np.int64)] = True
    quarter = max(1, -(-(len(history) - 1) // 4))
    return np.any(~silent, axis=0), np.all(silent[-quarter:], axis=0)


def has_gradient(network: Network, data: SpikeDataset, batch_size: int) -> Tensor:
    """Whether the loss has a gradient in any incoming weight of a neuron, bool [n_neurons].

    For any batch of ``data``, without the samples that run away or have no finite gradient, which
    training leaves out as well.
    """
    batches = torch.arange(len(data)).split(batch_size)
    return torch.stack([_has_gradient(network, data.select(batch)) for batch in batches]).any(0)


def _has_gradient(network: Network, batch: SpikeDataset) -> Tensor:
    network.zero_grad()
    output, kept = without_runaways(network, batch.spikes)
    if len(kept):
        try:
            cross_entropy(output.logits, batch.labels[kept]).backward()
            return torch.cat([_reached(layer) for layer in network.hidden])
        except NotFiniteError:
            if len(kept) > 1:
                alone = [_has_gradient(network, batch.select(sample)) for sample in kept.split(1)]
                return torch.stack(alone).any(0)
    return torch.zeros(sum(network.settings.layers), dtype=torch.bool)


def _reached(layer: SpikingLayer) -> Tensor:
    """Which neurons have an incoming weight with a gradient."""
    weights = [w for w in (layer.weight, layer.recurrent_weight) if w is not None]
    gradients = [w.grad for w in weights if w.grad is not None]
    return torch.cat(gradients).ne(0).any(0)
