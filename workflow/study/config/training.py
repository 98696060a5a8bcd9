"""Settings of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from spikegrad.network_settings import NetworkSettings
from spikegrad.settings import ConfigError, Section, validate

FURTHER_EPOCHS = 2
"""Epochs that a run trains on from its last snapshot, to tell neurons that fell silent from those
that only sleep."""
MOST_WATCHED = 512
"""Training samples by which a run without validation data reports the network's activity."""


class Activity(Section):
    """Penalty strength * mean over neurons of (spikes per sample - target)^2."""

    strength: NonNegativeFloat
    """Weight of the penalty in the loss; 0 switches it off."""
    target: NonNegativeFloat
    """Spikes per neuron and sample to aim at."""


class Augmentation(Section):
    """Random changes of a training sample, drawn anew in each epoch."""

    channel_shift: NonNegativeInt
    """Input channels are shifted by up to this number, up or down; 0 switches it off."""
    time_stretch: Annotated[float, Field(ge=0, lt=1)]
    """Spike times are multiplied by a factor between 1 - time_stretch and 1 + time_stretch."""
    blend: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of samples that are blended with another sample of their class."""


Share = Annotated[float, Field(ge=0, lt=1)]


class Dropout(Section):
    """What training leaves out of a batch. What is left is scaled up, so that networks are
    evaluated, and seen by landscapes, whole and with their weights as they are."""

    neurons: Share = 0.0
    """Share of each hidden layer's neurons that send nothing and have no part in the activity
    penalty. The training loss and accuracy of an epoch are measured so."""
    events: Share = 0.0
    """Share of the input events that do not come."""


class TrainingSettings(Section):
    """One training run; seeds are listed in `seeds`."""

    epochs: PositiveInt
    """Passes through the training data, over which the learning rates fall to zero along half a
    cosine."""
    batch_size: PositiveInt
    """Samples per weight update, at most the number of training samples."""
    learning_rate: PositiveFloat
    """Adam's step for spiking layers, in units of the initial spread of each weight matrix: large
    where initial weights are small and nearly equal, 0.1 to 0.3 with `init.mean` 1 and `init.scale`
    0.05."""
    readout_learning_rate: PositiveFloat
    """Adam's step for the readout, in units of the initial spread of its weights."""
    ease_in: NonNegativeFloat = 0.0
    """Epochs over whose updates the learning rates grow in equal steps up to that cosine."""
    clip: PositiveFloat | None
    """Largest norm of the gradient, taken in the units of the learning rates; null does not
    clip."""
    sample_clip: PositiveFloat | None = None
    """Largest norm of one sample's gradient of a spiking layer's weights, as a multiple of the
    batch's median norm: a few samples may else drown the others. null does not clip."""
    spike_bound: PositiveFloat | None = None
    """Largest |dt/dV| of a LIF, QIF or δ-QIF neuron's spike, in units of `tau`, through which the
    gradient goes back in full: a neuron that lingers may else drown the others. The gradient is not
    exact where it acts; those of landscapes do without. null bounds nothing."""
    runaways: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Largest share of an epoch's samples that may run away (`network.max_spikes`) or have no
    finite gradient: nothing is learned from them, and their answers count as wrong. Training ends
    as soon as more have."""
    activity: Activity
    """Spike-count regulariser of the hidden layers."""
    augmentation: Augmentation
    """Augmentation of the training data."""
    dropout: Dropout = Dropout()
    """Neurons and input events that are left out at random."""
    average: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the updates, the last ones, after which weights are averaged: the mean so far is
    evaluated and kept; training itself and the snapshots go on without it. null keeps the last."""
    snapshots: Annotated[int, Field(ge=2)] = 12
    """Epochs whose weights are kept for the landscapes, evenly spaced from 0 to the last."""


class ModelSettings(Section):
    """All that defines a training run, data, neuron and seed left out."""

    network: NetworkSettings
    """The network."""
    training: TrainingSettings
    """How it is trained."""

    @model_validator(mode="after")
    def _gradients_are_exact(self) -> Self:
        if self.network.surrogate is not None:
            raise ValueError(
                "a study's networks have exact gradients: leave out network.surrogate, which is"
                " for networks made in Python"
            )
        return self

    def with_parameters(
        self, parameters: Mapping[str, Any], where: str = "search.sampling.space"
    ) -> ModelSettings:
        """The same with the values of some keys, such as network.init.scale, replaced.

        A key of a section that this model leaves out (null) changes nothing. ConfigError, which
        says ``where`` they come from, if a key or a value is not allowed.
        """
        changed = self.model_dump(mode="json")
        for path, value in parameters.items():
            if self.lacks(path):
                continue
            *sections, key = path.split(".")
            section: Any = changed
            for name in sections:
                section = section.get(name) if isinstance(section, dict) else None
            if not isinstance(section, dict) or key not in section:
                raise ConfigError(f"{where}: '{path}' is not a key of the configured model")
            section[key] = value
        return validate(ModelSettings, changed, where)

    def lacks(self, key: str) -> bool:
        """Whether ``key``, such as network.delays.grid, is in a section that is left out."""
        section: Any = self
        for name in key.split(".")[:-1]:
            section = getattr(section, name, False)
        return section is None
