"""Independent routes to what the engine computes: numerical integration of the equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.integrate import solve_ivp

from spikegrad.layers import SpikingLayer
from spikegrad.spikes import SpikeTrains


def qif_rates(y: np.ndarray, current: np.ndarray) -> np.ndarray:
    """V = tan(y) turns tau V' = V (V - 1) + I into an equation that is smooth through V = inf."""
    sin, cos = np.sin(y), np.cos(y)
    return sin**2 - sin * cos + current * cos**2


def lif_rates(V: np.ndarray, current: np.ndarray) -> np.ndarray:
    return -V + current


def current_synapse(y: np.ndarray, current: np.ndarray, w: np.ndarray) -> tuple:
    return y, current + w


# Rates of the membrane variable y, threshold, reset, and (y, current) after a weight arrives.
EQUATIONS = {
    "lif": (lif_rates, 1.0, 0.0, current_synapse),
    "lif_refractory": (lif_rates, 1.0, 0.0, current_synapse),
    "qif": (qif_rates, np.pi / 2, -np.pi / 2, current_synapse),
    "qif_cut": (qif_rates, np.arctan(1.5), -np.pi / 2, current_synapse),
    "qif_delta": (
        qif_rates, np.pi / 2, -np.pi / 2, lambda y, current, w: (np.arctan(np.tan(y) + w), current),
    ),
}  # fmt: skip
REFRACTORY = {"lif_refractory": 0.2}
"""For how long y stays at its reset after a spike, in units of tau; 0 for other neurons."""


def shares(
    time: float, weights: np.ndarray, lags: np.ndarray, grid: float
) -> list[tuple[float, np.ndarray]]:
    """What a spike at ``time`` adds over ``weights`` [n] after ``lags`` [n], at times of a grid."""
    place = (time + lags) / grid
    before = np.floor(place)
    late = place - before
    return [
        (k * grid, np.where(before == k, (1 - late) * weights, late * weights) * (used > 0))
        for k in np.unique([before, before + 1])
        for used in [(before == k) | (before + 1 == k)]
    ]


def integrate(
    neuron: str,
    tau: float | np.ndarray,
    times: np.ndarray,
    units: np.ndarray,
    weight: np.ndarray,
    recurrent: np.ndarray | None,
    duration: float,
    drive: float | np.ndarray = 0.0,
    delays: np.ndarray | None = None,
    grid: float | None = None,
    start: float | np.ndarray = 0.0,
) -> list[tuple[float, int]]:
    """Spikes (time, neuron) of one sample, by a general ODE solver with event location.

    Row c n + i of ``recurrent`` is what copy c of neuron i's spikes has as weights, after the
    seconds in ``delays``; without these, at once. With a ``grid``, ``delays`` [n, n] are those of
    each weight. Potentials begin at ``start``.
    """
    rates, threshold, reset, arrive = EQUATIONS[neuron]
    n = weight.shape[1]
    tau = np.broadcast_to(tau, n)
    y = np.broadcast_to(np.arctan(start) if rates is qif_rates else start, n)
    current, free = np.zeros(n), np.zeros(n)
    now, spikes = 0.0, []

    def equation(t: float, state: np.ndarray) -> np.ndarray:
        moving = np.where(free <= now, rates(state[:n], state[n:] + drive), 0.0)
        return np.concatenate([moving, -2 * state[n:]]) / np.tile(tau, 2)

    def crossing(i: int):
        def event(t: float, state: np.ndarray) -> float:
            return state[i] - threshold

        event.terminal, event.direction = True, 1.0
        return event

    events = [crossing(i) for i in range(n)]
    later = np.zeros(0 if recurrent is None else len(recurrent)) if delays is None else delays
    coming = [(t, weight[u]) for t, u in zip(times, units, strict=True)]  # times and weights
    while now < duration or any(t <= now for t, _ in coming):
        arrival = min([duration, *(t for t, _ in coming)])
        if now < arrival:
            solution = solve_ivp(
                equation,
                (now, min([arrival, *free[free > now]])),
                np.concatenate([y, current]),
                method="DOP853",
                events=events,
                rtol=1e-12,
                atol=1e-13,
                max_step=tau.min() / 5,
            )
            now = solution.t[-1]
            y, current = solution.y[:n, -1].copy(), solution.y[n:, -1].copy()
            if solution.status == 1:
                i = next(k for k, found in enumerate(solution.t_events) if len(found))
                spikes.append((now, i))
                y[i], free[i] = reset, now + REFRACTORY.get(neuron, 0.0) * tau[i]
                if grid is not None and recurrent is not None:
                    coming += shares(now, recurrent[i], later[i], grid)
                else:
                    rows = range(i, len(later), n)
                    coming += [(now + later[row], recurrent[row]) for row in rows]
        for _, row_of_weights in [c for c in coming if c[0] <= now]:
            y, current = arrive(y, current, row_of_weights)
        coming = [c for c in coming if c[0] > now]
    return spikes


def sample_of(spikes: SpikeTrains, b: int) -> tuple[np.ndarray, np.ndarray]:
    a, z = spikes.offsets[b], spikes.offsets[b + 1]
    return spikes.times[a:z].detach().numpy(), spikes.units[a:z].numpy()


def shifted(spikes: SpikeTrains, delay: np.ndarray) -> SpikeTrains:
    """Copies of ``spikes``, those of unit u after delay[c, u], as further units; by NumPy."""
    times, units = [], []
    for b in range(len(spikes)):
        t, u = sample_of(spikes, b)
        late = np.concatenate([t + own[u] for own in delay])
        rows = np.concatenate([u + c * delay.shape[1] for c in range(len(delay))])
        times.append(late[late <= spikes.duration])
        units.append(rows[late <= spikes.duration])
    return SpikeTrains.from_arrays(times, units, spikes.duration)


def assert_spikes(out: SpikeTrains, b: int, expected: list[tuple[float, int]]) -> None:
    """Sample ``b`` has the neurons and, to 1e-9 s, the times of ``expected``."""
    times, units = sample_of(out, b)
    assert units.tolist() == [i for _, i in expected]
    np.testing.assert_allclose(times, [t for t, _ in expected], rtol=0, atol=1e-9)


def smooth_loss(out: SpikeTrains, state: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """A loss that depends on every spike time and on each variable of the final state."""
    coefficients = torch.cos(1.0 + torch.arange(len(out.times), dtype=torch.float64))
    end = sum(torch.sin((k + 2) * variable).sum() for k, variable in enumerate(state))
    return (coefficients * out.times).sum() + 0.01 * end


def assert_gradients(
    layers: list[SpikingLayer], spikes: SpikeTrains, more_than: int, brief: float = 0.0
) -> None:
    """All gradients of a loss behind ``layers`` equal central differences.

    Those of parameters are the same where input times need none, as in a network's first layer.
    Input times, and parameters in [0, ``brief``), which are times, move a thousandth as far as
    others.
    """
    input_times = spikes.times.clone().requires_grad_()

    def loss(times: torch.Tensor = input_times) -> tuple[torch.Tensor, torch.Tensor]:
        signal, units = replace(spikes, times=times), []
        for layer in layers:
            signal, state = layer.run(signal)
            units.append(signal.units)
        return smooth_loss(signal, state), torch.cat(units)

    parameters = [*(p for layer in layers for p in layer.parameters()), input_times]
    value, units = loss()
    assert len(units) > more_than
    gradients = torch.autograd.grad(value, parameters)
    first = torch.autograd.grad(loss(input_times.detach())[0], parameters[:-1])
    for one, other in zip(first, gradients[:-1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)
    for k, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        draw = torch.Generator().manual_seed(k)
        direction = torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
        if parameter is input_times or 0 <= parameter.min() <= parameter.max() < brief:
            direction *= 1e-3
        with torch.no_grad():
            estimates = []
            for h in (2e-6, 1e-6):  # Richardson extrapolation of two central differences
                ends = []
                for sign in (1, -2):
                    parameter += sign * h * direction
                    ends.append(loss())
                parameter += h * direction
                # a difference means something only where the same neurons spike in the same order
                assert all(torch.equal(end[1], units) for end in ends)
                estimates.append((ends[0][0] - ends[1][0]) / (2 * h))
            expected = (4 * estimates[1] - estimates[0]) / 3
        torch.testing.assert_close((gradient * direction).sum(), expected, rtol=1e-6, atol=1e-8)
