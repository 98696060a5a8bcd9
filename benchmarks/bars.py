"""The bars that the project set itself for speed, and whether a run reached them."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from fits import departure, exponent, fitted

# Samples per second of spikegd on rec128, and of Spyx at 1 ms beside it, on another machine.
SPIKEGD, SPYX_BESIDE = {"LIF": 9.5, "QIF": 1.9}, 180.0
# Milliseconds a sample, one core of another machine: rows of weights alone on a 1 ms grid; one
# update of a state by polynomials for each event and neuron at full resolution.
FLOORS = {"1 ms": 0.34, "full": 1.5}
NEURONS = ("LIF", "QIF")
ON_GRID = {"LIF": 10, "QIF": 10, "driven QIF": 8, "δ-QIF": 10}
# network, grid and batch of ours, grid of Spyx's: how many times as fast each is to be
BESIDE_SPYX = {
    ("rec128", "1 ms", 32, "1 ms"): ON_GRID,
    ("ff256", "1 ms", 32, "1 ms"): ON_GRID,
    ("rec128", "4 ms", 32, "4 ms"): dict.fromkeys(ON_GRID, 4),
    ("rec128", "full", 32, "1 ms"): dict.fromkeys(NEURONS, 6),
    ("rec128", "full", 64, "1 ms"): dict.fromkeys(NEURONS, 6),
    ("rec512", "1 ms", 32, "1 ms"): {
        "LIF": 8,
        "QIF": 6,
        "LIF, a step later": 8,
        "QIF, a step later": 6,
    },
    ("rec128, 140 channels", "4 ms", 32, "4 ms"): dict.fromkeys(NEURONS, 4),
    ("rec256, 140 channels, line of 10", "4 ms", 32, "4 ms"): dict.fromkeys(NEURONS, 6),
}
COST_OF_DELAYS = {
    "axonal, input": 1.15,
    "axonal, recurrent": 1.0,
    "synaptic": 4.0,
    "line of ten": 4.0,
    "line of ten, 140 channels at 4 ms": 1.5,
}
Bar = tuple[str, str, str]


def judged(text: str, measured: str, reached: bool) -> Bar:
    return text, measured, "yes" if reached else "no"


def bars(results: dict[str, Any]) -> Iterator[Bar]:
    """What is asked for, what was measured, and whether it was reached."""
    yield from contest_bars(results["contest"])
    yield from floor_bars(results["passes"])
    yield from kind_bars(results["kinds"])
    yield from coarse_bars(results["coarse"])
    yield from delay_bars(results["delays"])
    yield from scaling_bars(results["scaling"])
    yield from workflow_bars(results["workflow"])


def contest_bars(rows: list[dict[str, Any]]) -> Iterator[Bar]:
    speeds = {
        (row["network"], row["contestant"], row["resolution"], row["batch"]): row["batch"]
        / median(row["seconds"])
        for row in rows
        if not row["problem"]
    }
    for (network, resolution, batch, spyx_at), factors in BESIDE_SPYX.items():
        for kind, factor in factors.items():
            ours = speeds.get((network, f"spikegrad {kind}", resolution, batch))
            spyx = speeds.get((network, "Spyx", spyx_at, batch))
            if ours and spyx:
                text = (
                    f"{kind} {network} at {resolution}, batch {batch}: {factor} × Spyx at {spyx_at}"
                )
                yield judged(text, f"{ours / spyx:.1f} ×", ours >= factor * spyx)
    for neuron in NEURONS:
        ours = speeds.get(("rec128", f"spikegrad {neuron}", "full", 32))
        spyx = speeds.get(("rec128", "Spyx", "1 ms", 32))
        if ours and spyx:
            ratio = ours / (SPIKEGD[neuron] * spyx / SPYX_BESIDE)
            yield judged(
                f"{neuron} rec128 at full: 150 × spikegd's speed elsewhere, scaled by Spyx's",
                f"{ratio:.0f} ×",
                ratio >= 150,
            )
    for row in rows:
        if row["batch"] == 128 and row["contestant"] != "Spyx" and not row["problem"]:
            peak = row["peak_memory"]
            text = f"{row['contestant']} {row['network']}, batch 128: under 600 MB"
            yield judged(text, f"{peak:.0f} MB", peak < 600)


def floor_bars(passes: list[dict[str, Any]]) -> Iterator[Bar]:
    for p in passes:
        if p["network"] == "rec128":
            ratio = 1000 * (p["forward"] + p["backward"]) / FLOORS[p["resolution"]]
            text = (
                f"{p['neuron']} rec128 at {p['resolution']}, one core: "
                f"3 × the floor of {FLOORS[p['resolution']]} ms (of another machine)"
            )
            yield judged(text, f"{ratio:.1f} ×", ratio <= 3)


def kind_bars(rows: list[dict[str, Any]]) -> Iterator[Bar]:
    least = {
        (r["neuron"], r["drive"], r["resolution"], r["clipped"]): min(r["seconds"]) for r in rows
    }
    limits = {
        ("lif", 0.5): ("lif", 1.1),
        ("qif", 0.5): ("qif", 1.4),
        ("qif_delta", 0.5): ("lif", 1),
    }
    for (neuron, drive, resolution, clipped), seconds in least.items():
        if clipped:
            cost = seconds / least[neuron, drive, resolution, False] - 1
            text = f"{neuron}, drive {drive:g}, at {resolution}: clipping samples under 5 %"
            yield judged(text, f"{100 * cost:.1f} %", cost < 0.05)
        elif (neuron, drive) in limits:
            base, limit = limits[neuron, drive]
            ratio = seconds / least[base, 0.0, resolution, False]
            text = f"{neuron}, drive {drive:g}, at {resolution}: {limit} × {base} without drive"
            yield judged(text, f"{ratio:.2f} ×", ratio <= limit)


def fastest(row: dict[str, Any]) -> float:
    """Seconds of both passes a sample, each in its fastest round."""
    return sum(map(min, zip(*row["seconds"], strict=True))) / row["batch"]


def coarse_bars(rows: list[dict[str, Any]]) -> Iterator[Bar]:
    least = {(r["neuron"], r["channels"], r["step"], r["counts"]): fastest(r) for r in rows}
    for neuron in dict.fromkeys(row["neuron"] for row in rows):
        ratio = least[neuron, 700, 0.001, False] / least[neuron, 140, 0.004, True]
        text = f"{neuron} rec128, 140 channels at 4 ms with counts: 2 × 700 channels at 1 ms"
        yield judged(text, f"{ratio:.2f} ×", ratio >= 2)


def delay_bars(rows: list[dict[str, Any]]) -> Iterator[Bar]:
    least = {(r["neuron"], r["case"]): fastest(r) for r in rows}
    for neuron in dict.fromkeys(row["neuron"] for row in rows):
        for case, limit in COST_OF_DELAYS.items():
            ratio = least[neuron, case] / least[neuron, "none"]
            text = f"{neuron} rec128 at 1 ms, {case}: {limit:g} × none"
            yield judged(text, f"{ratio:.2f} ×", ratio <= limit)


def scaling_bars(points: list[dict[str, Any]]) -> Iterator[Bar]:
    for curve, neuron, x, y in fitted(points):
        if curve.startswith("threads"):
            gain = y[0] / y[-1]
            yield judged(f"{neuron} {curve}: 1.8 × with two", f"{gain:.2f} ×", gain >= 1.8)
        else:
            off = departure(x, y)
            measured = f"off by {100 * off:.0f} %, exponent {exponent(x, y):.2f}"
            yield judged(f"{neuron} {curve}: linear within 15 %", measured, off <= 0.15)


def workflow_bars(result: dict[str, Any]) -> Iterator[Bar]:
    if "problem" not in result:
        wall = f"{result['wall'] / 60:.1f} min"
        yield judged("demo: under 8 minutes", wall, result["wall"] < 480)
        share = 1 - result["work"] / (result["cores"] * result["wall"])
        yield judged("demo: overhead under 15 %", f"{100 * share:.1f} %", share < 0.15)
        share, search = result["search_overhead"], result["search"] / result["cores"]
        yield judged(
            "demo: the search's own overhead under 15 %", f"{100 * share:.1f} %", share < 0.15
        )
        yield judged("demo: search under 3 minutes on all cores", f"{search:.0f} s", search < 180)
