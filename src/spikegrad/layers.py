"""Spiking layers: exact spike times forward, exact gradients backward."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from spikegrad.autograd import (
    NotFiniteError,
    SpikeOverflowError,
    SpikingFunction,
    empty_log,
    run_logged,
)
from spikegrad.delay_line import DelayedCopies
from spikegrad.engine import backward
from spikegrad.engine.records import Events
from spikegrad.engine.volleys import farthest_from_grid
from spikegrad.neurons import NEURONS
from spikegrad.neurons.bounded import Bounded
from spikegrad.neurons.individual import Individual
from spikegrad.neurons.own_drive import OWN_DRIVE
from spikegrad.sizes import whole
from spikegrad.spikes import SpikeTrains
from spikegrad.synaptic import SynapticFunction
from spikegrad.times import (
    LONGEST_TAU,
    SAME,
    SHORTEST_TAU,
    check_delays,
    check_trained,
    positive_seconds,
    warn_caller,
)
from spikegrad.wrappers import uncompiled

__all__ = [
    "NotFiniteError",
    "SilentWarning",
    "SpikeOverflowError",
    "SpikingLayer",
    "assign",
    "type_name",
    "warm_up",
]


class SilentWarning(UserWarning):
    """A layer makes no spike at all."""


class SpikingLayer(nn.Module):
    """A layer of spiking neurons, run exactly from event to event.

    Parameters
    ----------
    n_in, n_out
        Number of input channels and of neurons.
    neuron
        Name of the neuron model, a key of :data:`spikegrad.neurons.NEURONS`.
    tau
        Membrane time constant in seconds; the synapse's is half of it.
    recurrent
        Whether the neurons also drive each other.
    dtype
        Type of weights and states; spike times are float64 always.
    max_spikes
        Spikes per neuron and sample, on average over the layer, above which a pass ends with
        :class:`SpikeOverflowError`.
    drive
        Constant input current of every neuron: a LIF neuron spikes by itself above 1, a QIF
        neuron above 1/4. That of ``qif_cut`` is at least -3/4.
    delays
        None, or "axonal": the spikes of each channel and of each neuron arrive after a delay of
        its own, the same at all receivers. Or "synaptic": each weight has its own delay, on a
        ``grid``. Delays are parameters like the weights.
    copies
        How often each spike arrives, each time with another delay and other weights.
    max_delay
        Upper bound of the delays in seconds.
    min_delay
        Lower bound of recurrent delays. From 0.5 ms on it makes passes faster: no step then ends
        with a spike.
    initial_delay
        Delays are drawn uniformly up to this number of seconds; by default half of ``max_delay``.
    grid
        Step in seconds of a grid of times of arrival; 0 has none, and arrivals come at their exact
        times. On a grid they are shared between neighbouring times, and recurrent delays are at
        least one step; without ``delays`` recurrent spikes arrive one step after they are made.
    train_tau
        Whether the time constant is a parameter, too: its logarithm, ``log_tau``. With "neuron"
        each neuron has its own.
    train_drive
        Whether each neuron of a "lif", "qif" or "qif_delta" layer learns a drive of its own, from
        ``drive`` on.
    train_phase
        Whether each such neuron learns the phase at which a sample begins: a LIF neuron's V, a QIF
        neuron's place between two spikes, see :mod:`spikegrad.neurons.own_drive`. It is drawn where
        ``drive`` makes neurons spike by themselves, and begins at rest elsewhere.

    Attributes
    ----------
    weight
        Input weights [copies * n_in, n_out], those of the first copies first; drawn from torch's
        generator, see :meth:`reset_parameters`.
    recurrent_weight
        Recurrent weights [copies * n_out, n_out], from row to column; None without recurrence.
    input_delay, recurrent_delay
        Seconds from a spike to each row's arrival, float64 [copies, n_in] and [copies, n_out]; if
        synaptic, to each weight's, [n_in, n_out] and [n_out, n_out]; None without delays.
    log_tau
        Logarithm of tau in seconds, float64 [1], or [n_out] for each neuron's; None where it is
        not trained.
    drive, phase
        Current and phase of each neuron, float64 [n_out]; None where they are not trained.
    sample_clip
        Largest norm of a sample's gradient of the layer's weights, as a multiple of the batch's
        median norm: longer ones are scaled down before they are summed, and with them the sample's
        gradients of delays and tau. None does not clip.
    spike_bound
        Largest |dt/dV| of a spike, in units of tau, that gradients go back through, by V at the
        spike or at the start of a step since the neuron's last one: where a neuron lingers, it is
        far larger. What goes back through a spike above the bound is scaled down to it. There the
        gradient is not exact; that of tau is one of times in units of tau. None bounds nothing.
        "lif", "qif" and "qif_delta" layers have it, without time constants of each neuron. See
        :mod:`spikegrad.neurons.bounded`.
    sample_norms
        If clipping, the norms before it of the last backward pass's samples, float64 [n_samples].

    Raises
    ------
    ValueError
        If an argument is out of its range, or ``neuron`` is no key of :data:`NEURONS`.
    """

    sample_clip: float | None = None
    spike_bound: float | None = None
    sample_norms: np.ndarray | None = None

    def __init__(
        self,
        n_in: int,
        n_out: int,
        neuron: str = "qif",
        tau: float = 0.02,
        recurrent: bool = False,
        dtype: torch.dtype = torch.float32,
        max_spikes: int = 1000,
        drive: float = 0.0,
        delays: Literal["axonal", "synaptic"] | None = None,
        copies: int = 1,
        max_delay: float = 0.3,
        min_delay: float = 0.0,
        initial_delay: float | None = None,
        grid: float = 0.0,
        train_tau: bool | Literal["neuron"] = False,
        train_drive: bool = False,
        train_phase: bool = False,
    ) -> None:
        super().__init__()
        if neuron not in NEURONS:
            raise ValueError(f"neuron '{neuron}' is not known; there are {sorted(NEURONS)}")
        tau = positive_seconds(tau, "tau", LONGEST_TAU)
        if train_tau:
            check_trained(tau, "tau", SHORTEST_TAU, LONGEST_TAU)
        if not math.isfinite(drive):
            raise ValueError(f"drive must be a finite current, not {drive}")
        if (train_drive or train_phase) and neuron not in OWN_DRIVE:
            raise ValueError(
                f"drive and phase of each neuron are learned by {', '.join(OWN_DRIVE)} layers, not "
                f"by {neuron}"
            )
        n_in, n_out, max_spikes, copies = whole(
            n_in=n_in, n_out=n_out, max_spikes=max_spikes, copies=copies
        )
        first = max_delay / 2 if initial_delay is None else initial_delay
        check_delays(delays, copies, grid, min_delay, first, max_delay)
        self.grid, min_delay = float(grid), max(min_delay, grid)
        if dtype not in (torch.float32, torch.float64):
            raise ValueError(f"dtype must be torch.float32 or torch.float64, not {dtype}")
        self.n_in, self.n_out, self.max_spikes = n_in, n_out, max_spikes
        self.kind = neuron
        self.copies, self.max_delay, self.min_delay = copies, float(max_delay), float(min_delay)
        self.initial_delay = float(first)
        self._neuron = NEURONS[neuron](tau=tau, drive=float(drive))

        def parameter(wanted: bool, *shape: int, dtype: torch.dtype) -> nn.Parameter | None:
            return nn.Parameter(torch.empty(shape, dtype=dtype)) if wanted else None

        seconds, delayed = torch.float64, delays is not None
        self.synaptic = synaptic = delays == "synaptic"
        self.weight = nn.Parameter(torch.empty(copies * n_in, n_out, dtype=dtype))
        self.recurrent_weight = parameter(recurrent, copies * n_out, n_out, dtype=dtype)
        senders = [(n, n_out) if synaptic else (copies, n) for n in (n_in, n_out)]
        self.input_delay = parameter(delayed, *senders[0], dtype=seconds)
        self.recurrent_delay = parameter(delayed and recurrent, *senders[1], dtype=seconds)
        self.each_tau = train_tau == "neuron"
        log_tau = torch.full((n_out if self.each_tau else 1,), tau, dtype=seconds).log()
        self.log_tau = nn.Parameter(log_tau) if train_tau else None
        self.drive = parameter(train_drive, n_out, dtype=seconds)
        self.phase = parameter(train_phase, n_out, dtype=seconds)
        if self.drive is not None:
            nn.init.constant_(self.drive, drive)
        self.reset_parameters()

    @property
    def neuron(self) -> Any:
        """The neuron model with its parameters, of which ``tau`` may be trained."""
        neuron, make = self._neuron, NEURONS[self.kind]
        if self.drive is not None or self.phase is not None:
            make = OWN_DRIVE[self.kind]
            neuron = make(neuron.tau, float(self._drives().detach().abs().max()))
        if self.log_tau is not None:
            if self.each_tau:
                return Individual.of(make, self.log_tau.detach().exp().numpy(), neuron.drive)
            neuron = neuron._replace(tau=math.exp(self.log_tau.item()))
        return neuron if self.spike_bound is None else Bounded.of(self.spike_bound, neuron)

    @property
    def tau(self) -> float | Tensor:
        """The membrane time constant in seconds; float64 [n_out] if each neuron has its own."""
        if self.log_tau is not None and self.each_tau:
            return self.log_tau.detach().exp()
        return self.neuron.tau

    def _drives(self) -> Tensor:
        """The constant current of each neuron, float64 [n_out]."""
        fixed = torch.full((self.n_out,), self._neuron.drive, dtype=torch.float64)
        return fixed if self.drive is None else self.drive

    def extra_repr(self) -> str:
        recurrent = self.recurrent_weight is not None
        return f"{self.n_in}, {self.n_out}, neuron={self.neuron}, recurrent={recurrent}"

    def arguments(self) -> dict[str, Any]:
        """What such a layer is made with, as plain values; a trained ``tau`` as it is now."""
        sizes, delays = ("n_in", "n_out", "max_spikes", "copies"), ("max", "min", "initial")
        same = (*sizes, "grid", *(f"{name}_delay" for name in delays))
        delayed = self.input_delay is not None
        return {name: getattr(self, name) for name in same} | {
            "neuron": self.kind,
            "tau": self.neuron.tau,
            "drive": self._neuron.drive,
            "recurrent": self.recurrent_weight is not None,
            "dtype": type_name(self.weight),
            "delays": ("synaptic" if self.synaptic else "axonal") if delayed else None,
            "train_tau": "neuron" if self.each_tau else self.log_tau is not None,
            "train_drive": self.drive is not None,
            "train_phase": self.phase is not None,
        }

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw weights from torch's own generator, for ten spikes a second in each input channel;
        delays and phases.

        :meth:`initialise` fits weights to the activity of given input.
        """
        self._draw_times(None)
        events = 10.0 * self.n_in * self.tau / 2
        self._draw(events, mean=0.5, scale=2.0, recurrent_scale=0.2, generator=None)

    @torch.no_grad()
    def initialise(
        self,
        spikes: SpikeTrains,
        mean: float,
        scale: float,
        recurrent_scale: float,
        generator: torch.Generator,
    ) -> None:
        """Draw delays and phases, and weights for the activity of ``spikes``.

        With E the mean number of arriving input spikes within tau / 2, input weights are
        N((2 mean - drive) / E, scale^2 / E): current and drive together have a mean of 2 mean,
        and fluctuations of the order of ``scale``. Recurrent weights are
        N(0, recurrent_scale^2 / (copies n_out)). Delta synapses, whose weights move twice the
        charge, have half of these weights. ValueError if ``spikes`` holds no event.
        """
        seconds = len(spikes) * spikes.duration
        arrivals = int(spikes.multiplicities.sum())
        if arrivals == 0:
            raise ValueError("cannot initialise a layer for the activity of silent inputs")
        self._draw_times(generator)
        self._draw(arrivals / seconds * self.tau / 2, mean, scale, recurrent_scale, generator)

    def _draw(
        self,
        events: float | Tensor,
        mean: float,
        scale: float,
        recurrent_scale: float,
        generator: torch.Generator | None,
    ) -> None:
        """Draw weights for ``events`` input events within tau / 2, before they are copied."""
        unit = 0.5 / self.neuron.charge()
        events = events * self.copies
        noise = torch.randn(self.weight.shape, generator=generator, dtype=torch.float64)
        centre = (2 * mean - self._neuron.drive) / events
        assign(self, "weight", unit * (centre + scale / events**0.5 * noise))
        if self.recurrent_weight is not None:
            shape = self.recurrent_weight.shape
            noise = torch.randn(shape, generator=generator, dtype=torch.float64)
            assign(self, "recurrent_weight", unit * (recurrent_scale / shape[0] ** 0.5 * noise))

    def _draw_times(self, generator: torch.Generator | None) -> None:
        """Draw all delays uniformly between their lower bound and ``initial_delay``, and phases of
        neurons that spike by themselves between their bounds."""
        for name, least in (("input_delay", 0.0), ("recurrent_delay", self.min_delay)):
            delay = getattr(self, name)
            if delay is not None:
                share = torch.rand(delay.shape, generator=generator, dtype=torch.float64)
                assign(self, name, least + (self.initial_delay - least) * share)
        if self.phase is not None:
            model = OWN_DRIVE[self.kind]
            least, rest, largest = model.phases
            nn.init.constant_(self.phase, rest)
            if self._neuron.drive > model.onset:
                nn.init.uniform_(self.phase, least, largest, generator)

    @torch.no_grad()
    def bound(self) -> None:
        """Bring delays, tau and phases back within their bounds, after an optimiser's step."""
        if self.input_delay is not None:
            self.input_delay.clamp_(0.0, self.max_delay)
        if self.recurrent_delay is not None:
            self.recurrent_delay.clamp_(self.min_delay, self.max_delay)
        if self.log_tau is not None:
            self.log_tau.clamp_(math.log(SHORTEST_TAU), math.log(LONGEST_TAU))
        if self.phase is not None:
            least, _, largest = OWN_DRIVE[self.kind].phases
            self.phase.clamp_(least, largest)

    def forward(self, spikes: SpikeTrains) -> SpikeTrains:
        """The neurons' spikes; their times carry gradients to weights and input times.

        Raises
        ------
        TypeError, SpikeError
            If ``spikes`` is something else, or breaks a rule of :class:`SpikeTrains`.
        ValueError
            If the weights have been replaced by some of another shape or type, or are not finite.
        SpikeOverflowError
            If a sample makes more than ``max_spikes`` spikes per neuron, if currents are so strong
            that it takes steps without end, or if a state leaves the range of its type. The error's
            ``sample`` is the first such one, see :func:`spikegrad.runaways.without_runaways`.

        Warns
        -----
        SilentWarning
            If no neuron spikes, though there is input.
        """
        out = self.run(spikes)[0]
        if len(out.times) == 0 and len(spikes.times) > 0:
            warn_silent()
        return out

    @uncompiled
    def run(self, spikes: SpikeTrains) -> tuple[SpikeTrains, tuple[Tensor, ...]]:
        """As :meth:`forward`, with the state at the sample's end, each [n_samples, n_out].

        The neuron's ``variables()`` names the variables, its ``potential`` makes V of them. p and q
        are scaled so that |p| + |q| = 1.
        """
        if not isinstance(spikes, SpikeTrains):
            raise not_spikes(spikes)
        spikes.check(self.n_in)
        for name in ("sample_clip", "spike_bound"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be None or a positive, finite number, not {value}")
        if self.spike_bound is not None and (self.each_tau or self.kind not in OWN_DRIVE):
            raise ValueError(
                f"spike_bound: only {', '.join(OWN_DRIVE)} layers have it, without time constants "
                "of each neuron"
            )
        if isinstance(spikes, DelayedCopies) and not (
            self._function(spikes) is SpikingFunction
            and self.input_delay is None
            and spikes.come_together()
        ):
            spikes = spikes.made
        times = spikes.origin.times if isinstance(spikes, DelayedCopies) else spikes.times
        tensors = times, *self._checked(), self._common_log_tau()
        function = self._function(spikes)
        times, final, units, offsets = function.apply(*tensors, self, spikes)
        state = self.neuron.normalised(tuple(final))
        out = SpikeTrains(times, units, offsets, spikes.duration, None, self.n_out, state)
        return out, state

    def _function(self, spikes: SpikeTrains) -> type[SpikingFunction | SynapticFunction]:
        """What runs the layer: a grid whose times are those of the input needs no shares of it."""
        if self.grid == 0:
            return SpikingFunction
        origin = spikes.origin if isinstance(spikes, DelayedCopies) else spikes
        steps = origin.times.detach().numpy()
        if isinstance(spikes, DelayedCopies):
            steps = np.append(steps, spikes.step)
        delayed = self.input_delay is not None or origin.times.requires_grad
        if delayed or farthest_from_grid(steps, self.grid) > SAME:
            return SynapticFunction
        return SpikingFunction

    def _weights(self) -> tuple[Tensor, Tensor]:
        """Input and recurrent weights (of no rows without recurrence), verified."""
        weight, n = self.weight, self.n_out
        _check(weight, (torch.float32, torch.float64), (self.copies * self.n_in, n), "weight")
        if self.recurrent_weight is None:
            return weight, weight.new_empty(0, n)
        _check(self.recurrent_weight, (weight.dtype,), (self.copies * n, n), "recurrent_weight")
        return weight, self.recurrent_weight

    def _delays(self) -> tuple[Tensor, Tensor]:
        """Input and recurrent delays ([0] or [0, n_out] if there are none), verified."""
        found = []
        for name, least in (("input_delay", 0.0), ("recurrent_delay", self.min_delay)):
            delay = getattr(self, name)
            flat = (-1, self.n_out) if self.synaptic else (-1,)
            if delay is None:
                found.append(torch.empty(0, dtype=torch.float64).reshape(flat))
                continue
            _check(delay, (torch.float64,), delay.shape, name)
            values, largest = delay.detach(), self.max_delay
            if not bool(((values >= least) & (values <= largest)).all()):
                worst = values.flatten()[(values - (least + largest) / 2).abs().argmax()]
                raise ValueError(
                    f"'{name}' must lie between {least} and {largest} s, not {float(worst):.4g}:"
                    " call bound after each step of the optimiser"
                )
            found.append(delay.reshape(flat))
        return found[0], found[1]

    def _checked(self) -> tuple[Tensor, ...]:
        """Weights, delays and what neurons begin with, verified."""
        weights = self._weights()
        return *weights, *self._delays(), self._start().to(weights[0].dtype)

    def _start(self) -> Tensor:
        """The neurons' states at t = 0, [n_state, n_out]; [0, n_out] if they are the model's."""
        state: list[Tensor] = []
        if self.each_tau and self.log_tau is not None:
            _check(self.log_tau, (torch.float64,), (self.n_out,), "log_tau")
            for tau in self.log_tau.detach().exp().aminmax():
                check_trained(float(tau), "tau", SHORTEST_TAU, LONGEST_TAU)
            state = [Individual.rates(self.log_tau)]
        if self.drive is not None or self.phase is not None:
            state += [] if self.spike_bound is None else [torch.zeros_like(self._drives())]
            state += self._driven()
        elif state:
            state += self.neuron.model.at(torch.zeros_like(state[0]))
        return torch.stack(state) if state else self.weight.new_empty(0, self.n_out)

    def _driven(self) -> tuple[Tensor, ...]:
        """The state at t = 0 of neurons that have a drive and a phase of their own, verified."""
        drives, model = self._drives(), OWN_DRIVE[self.kind]
        least, rest, largest = model.phases
        phases = torch.full_like(drives, rest) if self.phase is None else self.phase
        for name, own in (("drive", drives), ("phase", phases)):
            _check(own, (torch.float64,), (self.n_out,), name)
        if not bool(drives.detach().isfinite().all()):
            raise ValueError("drives are not finite: training has diverged")
        if not bool(((phases.detach() >= least) & (phases.detach() <= largest)).all()):
            raise ValueError(
                f"phases lie between {least} and {largest}: call bound after each optimiser's step"
            )
        return model.begin(phases, drives)

    def _common_log_tau(self) -> Tensor:
        """``log_tau``, verified; [0] where it is not trained, or each neuron has its own."""
        if self.log_tau is None or self.each_tau:
            return torch.empty(0, dtype=torch.float64)
        check_trained(self.neuron.tau, "tau", SHORTEST_TAU, LONGEST_TAU)
        return self.log_tau

    @torch.no_grad()
    def trace(self, spikes: SpikeTrains, sample: int, neuron: int, times: np.ndarray) -> np.ndarray:
        """Membrane potential of one neuron in one sample at ``times`` [n], in seconds.

        Raises as :meth:`states`, and IndexError without such a sample or neuron.
        """
        spikes.check(self.n_in)
        check_place(sample, len(spikes), neuron, self.n_out)
        probes, place = distinct(times, spikes.duration)
        states = self._states(spikes[sample], probes, sample)
        return self.neuron.potential(states[:, :, neuron].T)[place]

    @torch.no_grad()
    def states(self, spikes: SpikeTrains, times: np.ndarray) -> tuple[Tensor, ...]:
        """The state at ``times`` [n_times] (seconds) in each sample, before what arrives there.

        Each variable is [n_samples, n_times, n_out], as :meth:`run` returns them. SpikeError if
        ``spikes`` breaks a rule of :class:`SpikeTrains`, ValueError if a time lies outside the
        sample.
        """
        spikes.check(self.n_in)
        probes, place = distinct(times, spikes.duration)
        nothing = np.empty((0, len(probes), len(self.neuron.variables()), self.n_out))
        found = [self._states(spikes[b], probes, b)[None] for b in range(len(spikes))]
        variables = np.concatenate(found or [nothing])[:, place].transpose(2, 0, 1, 3)
        return self.neuron.normalised(tuple(map(torch.from_numpy, np.ascontiguousarray(variables))))

    def _states(self, spikes: SpikeTrains, probes: np.ndarray, sample: int) -> np.ndarray:
        """States right before ``probes`` (seconds, ascending) in the only sample, called ``sample``
        in errors, [n_probes, n_state, n_out]."""
        if not len(probes):
            return np.empty((0, len(self.neuron.variables()), self.n_out))
        probes = np.nextafter(probes, -np.inf)  # what comes at a probe itself comes after it
        function = self._function(spikes)
        log = function.log_of(self, spikes, *self._checked())
        run_logged(self, log, spikes.duration, sample)
        own = function.all_input(log)
        # Probes are events of a further channel without weight: they split steps, nothing else.
        # They stand first among simultaneous events, so that a step ends with each.
        events, weights = own.events, own.weights
        silent, n = weights.input.shape  # no rows, if nothing arrives
        weights = weights._replace(
            input=np.concatenate([weights.input, np.zeros((1, n), weights.input.dtype)]),
            reach=np.append(weights.reach, 0).astype(weights.reach.dtype),
        )
        all_times = np.concatenate([probes, events.times])
        order = np.argsort(all_times, kind="stable")
        units = np.concatenate([np.full(len(probes), silent), events.units])[order]
        counts = events.counts
        if len(counts):
            counts = np.concatenate([np.ones(len(probes), counts.dtype), counts])[order]
        split = Events(all_times[order], units, counts)
        log.samples[0] = empty_log(weights, split)
        run_logged(self, log, spikes.duration, sample)
        record = log.samples[0].record
        at_probe = (record.sources >= 0) & (units[np.maximum(record.sources, 0)] == silent)
        steps = np.flatnonzero(at_probe)
        return backward.states(self.neuron, split, weights, record, steps)[:, :, : self.n_out]


def check_place(sample: int, n_samples: int, neuron: int, n_neurons: int) -> None:
    """IndexError unless there is such a sample and such a neuron."""
    for name, index, number in (("sample", sample, n_samples), ("neuron", neuron, n_neurons)):
        if not 0 <= index < number:
            raise IndexError(f"{name} must be one of 0..{number - 1}, not {index}")


def distinct(times: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
    """The different ones of ``times``, ascending, and the place of each among them; ValueError
    unless all lie within a sample of ``duration``, all in seconds."""
    times = np.asarray(times, np.float64)
    if not ((times >= 0) & (times <= duration)).all():
        raise ValueError(f"times must lie within the sample's {duration} s")
    return np.unique(times, return_inverse=True)


def warn_silent() -> None:
    """Say what to do about a layer without spikes, to whom called it."""
    warn_caller(
        "no neuron of a layer spikes in this batch, nothing behind it learns: raise its weights "
        "(initialise with a larger mean or scale) or its drive",
        SilentWarning,
    )


def not_spikes(given: Any) -> TypeError:
    """The error for what is no input of a layer."""
    way = "SpikeTrains.from_arrays makes them of spike times and channels"
    if isinstance(given, Tensor):
        way = "Raster(x, step).trains() makes them of a dense x [n_samples, n_steps, n_channels]"
    elif hasattr(given, "trains"):
        way = "its trains() are such"
    return TypeError(f"a layer takes SpikeTrains, not {type(given).__name__}; {way}")


def assign(module: nn.Module, name: str, value: Tensor) -> None:
    """Set a weight to ``value``; ValueError if it is computed from other parameters."""
    if name not in module._parameters:
        raise ValueError(f"'{name}' is computed from other parameters: initialise first")
    getattr(module, name).copy_(value)


def type_name(weight: Tensor) -> str:
    """float32 or float64."""
    return str(weight.dtype).removeprefix("torch.")


def warm_up(kinds: Iterable[tuple[str, float, bool, bool]]) -> None:
    """Compile the kernels for both types, into the cache that all processes share.

    ``kinds`` are neuron models with their drives, which are zero or not, and whether each neuron
    has a time constant, and whether it has a drive or a phase, of its own.
    """
    for (neuron, drive, each, own), dtype in product(kinds, (torch.float32, torch.float64)):
        train_tau: Literal["neuron"] | bool = "neuron" if each else False
        layer = SpikingLayer(
            1,
            1,
            neuron,
            recurrent=True,
            dtype=dtype,
            drive=drive,
            train_tau=train_tau,
            train_drive=own,
        )
        nn.init.constant_(layer.weight, 10.0)
        times = torch.full((1,), 0.01, dtype=torch.float64, requires_grad=True)
        spikes = SpikeTrains(times, torch.zeros(1).long(), torch.tensor([0, 1]), 0.1)
        for layer.sample_clip in (None, 1.0):
            layer(spikes).times.sum().backward()


def _check(
    tensor: Tensor, dtypes: Sequence[torch.dtype], shape: tuple[int, ...], name: str
) -> None:
    """Verify a parameter that a user may have replaced or converted."""
    if tensor.shape != shape:
        raise ValueError(f"'{name}' must have the shape {list(shape)}, not {list(tensor.shape)}")
    if tensor.dtype not in dtypes or tensor.device.type != "cpu":
        types = " or ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)
        raise ValueError(
            f"'{name}' must be {types} on the CPU, not {tensor.dtype} on {tensor.device}"
        )
