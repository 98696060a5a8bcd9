"""Independent routes to what the engine computes: numerical integration of the equations."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


def lif_rates(y: np.ndarray, current: np.ndarray) -> np.ndarray:
    return -y + current


def lif_distance(y: np.ndarray) -> np.ndarray:
    """Distance to threshold, 0 at a spike."""
    return y - 1.0


def qif_rates(y: np.ndarray, current: np.ndarray) -> np.ndarray:
    """V = tan(y) turns tau V' = V (V - 1) + I into an equation that is smooth through V = inf."""
    sin, cos = np.sin(y), np.cos(y)
    return sin**2 - sin * cos + current * cos**2


def qif_distance(y: np.ndarray) -> np.ndarray:
    return y - np.pi / 2


EQUATIONS = {"lif": (lif_rates, lif_distance, 0.0), "qif": (qif_rates, qif_distance, -np.pi / 2)}


def integrate(
    neuron: str,
    tau: float,
    times: np.ndarray,
    units: np.ndarray,
    weight: np.ndarray,
    recurrent: np.ndarray | None,
    duration: float,
) -> list[tuple[float, int]]:
    """Spikes (time, neuron) of one sample, by a general ODE solver with event location."""
    rates, distance, reset = EQUATIONS[neuron]
    n = weight.shape[1]
    y, current = np.zeros(n), np.zeros(n)
    now, spikes = 0.0, []

    def equation(t: float, state: np.ndarray) -> np.ndarray:
        return np.concatenate([rates(state[:n], state[n:]), -2 * state[n:]]) / tau

    def crossing(i: int):
        def event(t: float, state: np.ndarray) -> float:
            return distance(state[i : i + 1])[0]

        event.terminal, event.direction = True, 1.0
        return event

    events = [crossing(i) for i in range(n)]
    for arrival, unit in [*zip(times, units, strict=True), (duration, -1)]:
        while now < arrival:
            solution = solve_ivp(
                equation,
                (now, arrival),
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
                y[i] = reset
                if recurrent is not None:
                    current = current + recurrent[i]
        if unit >= 0:
            current = current + weight[unit]
    return spikes
