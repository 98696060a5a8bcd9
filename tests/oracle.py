"""Independent routes to what the engine computes: numerical integration of the equations."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


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
    tau: float,
    times: np.ndarray,
    units: np.ndarray,
    weight: np.ndarray,
    recurrent: np.ndarray | None,
    duration: float,
    drive: float = 0.0,
    delays: np.ndarray | None = None,
    grid: float | None = None,
) -> list[tuple[float, int]]:
    """Spikes (time, neuron) of one sample, by a general ODE solver with event location.

    Row c n + i of ``recurrent`` is what copy c of neuron i's spikes has as weights, after the
    seconds in ``delays``; without these, at once. With a ``grid``, ``delays`` [n, n] are those of
    each weight.
    """
    rates, threshold, reset, arrive = EQUATIONS[neuron]
    n = weight.shape[1]
    y, current, free = np.zeros(n), np.zeros(n), np.zeros(n)
    now, spikes = 0.0, []

    def equation(t: float, state: np.ndarray) -> np.ndarray:
        moving = np.where(free <= now, rates(state[:n], state[n:] + drive), 0.0)
        return np.concatenate([moving, -2 * state[n:]]) / tau

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
                max_step=tau / 5,
            )
            now = solution.t[-1]
            y, current = solution.y[:n, -1].copy(), solution.y[n:, -1].copy()
            if solution.status == 1:
                i = next(k for k, found in enumerate(solution.t_events) if len(found))
                spikes.append((now, i))
                y[i], free[i] = reset, now + REFRACTORY.get(neuron, 0.0) * tau
                if grid is not None and recurrent is not None:
                    coming += shares(now, recurrent[i], later[i], grid)
                else:
                    rows = range(i, len(later), n)
                    coming += [(now + later[row], recurrent[row]) for row in rows]
        for _, row_of_weights in [c for c in coming if c[0] <= now]:
            y, current = arrive(y, current, row_of_weights)
        coming = [c for c in coming if c[0] > now]
    return spikes
