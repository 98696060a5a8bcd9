"""Independent routes to what the engine computes: numerical integration of the equations."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


def qif_rates(y: np.ndarray, current: np.ndarray) -> np.ndarray:
    """V = tan(y) turns tau V' = V (V - 1) + I into an equation that is smooth through V = inf."""
    sin, cos = np.sin(y), np.cos(y)
    return sin**2 - sin * cos + current * cos**2


# Rates of the membrane variable y, threshold, reset, and (y, current) after a weight arrives.
EQUATIONS = {
    "lif": (lambda V, current: -V + current, 1.0, 0.0, lambda V, current, w: (V, current + w)),
    "qif": (qif_rates, np.pi / 2, -np.pi / 2, lambda y, current, w: (y, current + w)),
    "qif_delta": (
        qif_rates, np.pi / 2, -np.pi / 2, lambda y, current, w: (np.arctan(np.tan(y) + w), current),
    ),
}  # fmt: skip


def integrate(
    neuron: str,
    tau: float,
    times: np.ndarray,
    units: np.ndarray,
    weight: np.ndarray,
    recurrent: np.ndarray | None,
    duration: float,
    drive: float = 0.0,
) -> list[tuple[float, int]]:
    """Spikes (time, neuron) of one sample, by a general ODE solver with event location."""
    rates, threshold, reset, arrive = EQUATIONS[neuron]
    n = weight.shape[1]
    y, current = np.zeros(n), np.zeros(n)
    now, spikes = 0.0, []

    def equation(t: float, state: np.ndarray) -> np.ndarray:
        return np.concatenate([rates(state[:n], state[n:] + drive), -2 * state[n:]]) / tau

    def crossing(i: int):
        def event(t: float, state: np.ndarray) -> float:
            return state[i] - threshold

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
                    y, current = arrive(y, current, recurrent[i])
        if unit >= 0:
            y, current = arrive(y, current, weight[unit])
    return spikes
