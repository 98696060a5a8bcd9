"""Settings of a network: its layers, its readout and its initial weights."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from spikegrad.settings import Section, seconds
from spikegrad.times import LONGEST_TAU, SHORTEST_TAU, check_delays, check_trained

MIN_DELAY = 0.001
"""Shortest delay in seconds that recurrent spikes learn; training is slower below 0.0005."""


class Integrated(Section):
    """Time integral of a leaky integrator's voltage, weighted by exp(-t/window)."""

    kind: Literal["integrated"]
    tau_out: float = seconds(1e-4, 1.0)
    """Membrane time constant of the output neurons, in seconds."""
    window: float = seconds(1e-3, 10.0)
    """Time constant of the weight exp(-t/window) in the integral, in seconds."""
    train_times: bool = False
    """Whether `tau_out` and `window` are learned, from these values on."""
    scale: PositiveFloat = 1.0
    """Root mean square of the logits before training."""


class Maximum(Section):
    """Largest voltage of a leaky integrator with a synaptic current during the sample."""

    kind: Literal["maximum"]
    tau_out: float = seconds(1e-4, 1.0)
    """Membrane time constant of the output neurons, in seconds; their currents decay twice as
    fast."""
    scale: PositiveFloat = 1.0
    """Root mean square of the logits before training."""


class FirstSpike(Section):
    """Minus the first spike time of spiking output neurons."""

    kind: Literal["first_spike"]
    tau_out: float = seconds(1e-4, 1.0)
    """Membrane time constant of the output neurons, in seconds."""
    time_scale: float = seconds(1e-5, 1.0)
    """Spike time difference that changes a logit by 1, in seconds."""
    mean: float = 1.0
    """Mean input of the output neurons before training, as in `init.mean`."""
    scale: PositiveFloat = 1.0
    """Spread of the output neurons' input before training, as in `init.scale`."""


class Initial(Section):
    """Initial weights of the hidden layers, in units of the input activity."""

    mean: float
    """Half the mean of a neuron's current and drive together; threshold and separatrix are 1."""
    scale: PositiveFloat
    """Standard deviation of an input weight, times the root of the mean input events within
    tau/2."""
    recurrent_scale: PositiveFloat
    """Standard deviation of a recurrent weight, times the root of the layer's width."""


class Line(Section):
    """Delayed copies of the input as further input channels, at fixed distances."""

    copies: PositiveInt
    """How often each channel appears, the first time without a delay."""
    step: float = seconds(1e-4, 10.0)
    """Seconds between a copy and the next."""


class Delays(Section):
    """Delays that hidden layers learn, of their inputs and of their own spikes. Landscapes do not
    know them: a study with delays has the stages search and training."""

    kind: Literal["axonal", "synaptic"] = "axonal"
    """One delay for each sender, or one for each weight."""
    grid: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Step in seconds of a grid of times of arrival, between which arrivals are shared; 0 has none.
    Synaptic delays need one; with one, axonal delays train faster."""
    copies: PositiveInt = 1
    """How often each spike arrives, each time with another delay and other weights."""
    max_delay: float = seconds(1e-4, 10.0, default=0.3)
    """Longest delay in seconds; delays are drawn uniformly up to half of it."""

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        bounds = MIN_DELAY, self.max_delay / 2, self.max_delay
        check_delays(self.kind, self.copies, self.grid, *bounds)
        return self


class Recurrence(Section):
    """When the spikes of a recurrent layer arrive at its own neurons. Landscapes know spikes that
    arrive at once only."""

    arrives: Literal["at_once", "next_step"] = "at_once"
    """In the moment they are made, or a step of a grid later, shared between the two times of the
    grid around that, which trains faster where many spikes fall into a step."""
    grid: float = seconds(1e-5, 1.0, default=0.004)
    """Step of that grid in seconds: that of the input's times, or a whole part of it."""


Kind = Literal["superspike", "sigmoid", "arctan", "box"]
"""A surrogate derivative of a spike, see :mod:`spikegrad.surrogates`."""


class Surrogate(Section):
    """Clocked hidden layers with surrogate gradients, of LIF, QIF and δ-QIF neurons without learned
    delays and time constants. For networks made in Python: those of a study have none."""

    kind: Kind = "superspike"
    """What the derivative of a spike by its distance from the threshold is replaced by."""
    width: PositiveFloat
    """Its width, in units of the threshold for LIF, in radians for QIF neurons."""
    step: float = seconds(1e-5, 1.0, default=0.001)
    """Seconds between times of the grid; a sample consists of whole steps."""


class NetworkSettings(Section):
    """Hidden spiking layers and a readout; the same for all neuron models but for `neurons`."""

    layers: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    """Neurons in each hidden layer, from the input on."""
    tau: float = seconds(1e-4, 1.0)
    """Membrane time constant of the hidden neurons, in seconds; the synaptic one is tau/2."""
    recurrent: bool
    """Whether the neurons of a hidden layer are connected to each other."""
    train_tau: bool | Literal["neuron"] = False
    """Whether each hidden layer learns its time constant, from `tau` on, or each neuron of it."""
    train_drive: bool = False
    """Whether each hidden LIF, QIF or δ-QIF neuron learns its constant current, from `drive` on."""
    train_phase: bool = False
    """Whether each such neuron learns the phase at which it begins a sample. Phases are drawn where
    `drive` makes neurons spike by themselves; others begin at rest."""
    delay_line: Line | None = None
    """Delayed copies of the input as further input channels; null has none."""
    delays: Delays | None = None
    """Delays that hidden layers learn; null has none."""
    recurrence: Recurrence = Recurrence()
    """When the spikes of a recurrent layer arrive at its own neurons."""
    surrogate: Surrogate | None = None
    """Surrogate gradients of clocked layers; null has exact gradients of exact spikes."""
    drive: float = 0.0
    """Constant input current of the hidden neurons, and of a first-spike readout's: LIF neurons
    spike by themselves above 1, QIF neurons above 1/4. `qif_cut` takes none below -3/4."""
    max_spikes: PositiveInt = 1000
    """Spikes per neuron and sample, on average over a layer, above which the sample runs away: it
    counts as answered wrong. `training.runaways` says how many end a training."""
    init: Initial
    """Initial weights of the hidden layers."""
    readout: Annotated[Integrated | Maximum | FirstSpike, Field(discriminator="kind")]
    """How hidden spikes become logits."""

    @property
    def own(self) -> tuple[bool, bool]:
        """Whether each neuron has a time constant, and whether it has a drive or a phase, of its
        own: such neurons have compiled kernels of their own."""
        return self.train_tau == "neuron", self.train_drive or self.train_phase

    @model_validator(mode="after")
    def _tau_can_be_trained(self) -> Self:
        if self.train_tau:
            check_trained(self.tau, "tau", SHORTEST_TAU, LONGEST_TAU)
        return self

    @model_validator(mode="after")
    def _next_step_is_the_only_delay(self) -> Self:
        others = self.delays, self.surrogate
        if self.recurrence.arrives == "next_step" and any(own is not None for own in others):
            raise ValueError(
                "recurrence.arrives: next_step is for layers without delays and surrogate, which "
                "have times of arrival of their own; leave out one"
            )
        return self

    @model_validator(mode="after")
    def _clocked_layers_can(self) -> Self:
        if self.surrogate is not None:
            for key in ("delays", "train_tau", "train_drive", "train_phase"):
                if getattr(self, key):
                    raise ValueError(f"clocked layers have no {key}; leave out that or surrogate")
            if isinstance(self.readout, FirstSpike):
                raise ValueError("a first-spike readout needs exact spikes; leave out surrogate")
        return self
