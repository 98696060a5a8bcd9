"""Exact spike-based gradient descent with LIF and QIF neurons, and the surrogate-gradient NTK.

Spike trains and networks:

    SpikeTrains      spike times of many samples in one ragged batch
    Cochlea          sounds to spikes, as those of SHD were made
    collate          samples to such a batch, for torch's DataLoader
    SpikingLayer     a layer of LIF or QIF neurons, exact from event to event
    DelayLine        delayed copies of spike trains as further channels
    ClockedLayer     the same neurons on a grid of times, with surrogate gradients
    Raster           spikes on such a grid
    SuperSpike, Sigmoid, Arctan, Box
                     surrogate derivatives
    Network          hidden layers and a readout, with its settings NetworkSettings
    IntegratedReadout, MaximumReadout, FirstSpikeReadout
                     what makes class logits of spikes
    diagnose         what keeps a network from learning, as a Diagnosis
    save_network, load_network
                     a network, or a Sequential of these parts, in a file

Errors: SpikeError (spike trains break a rule); SpikeOverflowError and NotFiniteError (a network
diverged: too many spikes, or a loss or gradient that is not finite); SilentError (a network's
initial weights leave a layer silent); ConfigError (settings); CheckpointError (a file).
SilentWarning: a layer makes no spike.

Kernels: see spikegrad.ntk. For other simulators: spikegrad.export.
"""

import os

from spikegrad.lazy import public

# Torch's idle threads would spin on the cores that the engine's threads want. Read once, when torch
# loads; what the user has set stays.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "spikes": ("SpikeError", "SpikeTrains", "collate"),
        "delay_line": ("DelayLine",),
        "cochlea": ("Cochlea",),
        "clocked": ("ClockedLayer",),
        "raster": ("Raster",),
        "surrogates": ("Arctan", "Box", "Sigmoid", "SuperSpike"),
        "layers": ("NotFiniteError", "SilentWarning", "SpikeOverflowError", "SpikingLayer"),
        "readouts": ("IntegratedReadout", "MaximumReadout"),
        "first_spike": ("FirstSpikeReadout",),
        "network": ("Network", "SilentError", "load_network", "save_network"),
        "diagnosis": ("Diagnosis", "diagnose"),
        "network_settings": ("NetworkSettings",),
        "saving": ("CheckpointError",),
        "settings": ("ConfigError",),
        "version": ("__version__",),
    },
)
