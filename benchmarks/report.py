"""The page RESULTS.md and its figure from results.json: python benchmarks/report.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullFormatter

from bars import bars, fastest
from environments import PEERS
from fits import departure, exponent, fitted
from spikegrad.files import atomic
from study.style import NEURON_COLOURS, letter, save

HERE = Path(__file__).parent
Row = dict[str, Any]
COUNTS = ("events", "steps", "spikes")  # of a sample

INTRODUCTION = """\
# Speed, as measured

Written by `make bench` from one run on one machine; raw values are in `results.json`. Where the
time goes and what the bound is: `docs/performance.md`.
"""
CONTEST = """\
## Engine and peers

Forward, backward and Adam update of 700 channels, one hidden layer (rec: recurrent, ff:
feedforward, with its number of neurons; 2x: two of them) and 20 classes, on all cores. Random
events, as many and as uneven as SHD's: 7,850 in 1 s. In 140 channels neighbours are merged, and
events of one time and channel are one with a count; a line has ten copies of the input, 32 ms
apart. spikegrad runs at 16 spikes a neuron and sample; what a clocked contestant costs does not
depend on that. Medians over rounds in which all contestants of a network take turns, each with two
updates of which the second counts; ± is half the interquartile range. Clocked peers get their
events binned beforehand, spikegrad bins them in its update. Peers' recurrent spikes arrive a step
later than they are made; spikegrad's at once, or, where it says so, likewise, shared between the
two times of the grid around. Memory is a process's peak, imports included. Peers run LIF neurons
with surrogate gradients, jaxsnn with exact ones. Spyx and jaxpike are compared with on the same
grid; at full resolution they are taken at 1 ms.
"""
CONTEST_HEADER = (
    *("network", "contestant", "events at", "batch", "samples/s", "ms a sample"),
    *("spread of rounds", "× Spyx", "× jaxpike", "peak MB"),
)
SCALING = """\
## Scaling

One thread, all events at full resolution, 16 spikes a neuron: cost of an update for a sample
(batch, threads: for a batch). Copies are those of a line of delays, of 140 channels at 4 ms. The
exponent is the slope of log cost over log x; the last column is the largest distance from the
straight line a + b x that fits best. Neurons are fitted up to 512. In a recurrent layer of n
neurons 16 n spikes arrive at n neurons: this part grows as n².

![Cost over events, neurons, copies and batch](scaling.png)
"""
KINDS = """\
## Neuron models

rec128, one thread, processor time, at the same number of spikes; the ratio is to the same neuron
without drive (δ-QIF: to LIF), the cost of clipping each sample to the same kind without.
"""
COARSE = """\
## Coarse input

Forward and backward of rec128 on spoken digits, one thread, processor time, as many spikes a neuron
as in training. On a grid the spikes of a channel at one time are as many events, or one with a
count. The ratio is to 700 channels at 1 ms without counts.
"""
DELAYS = """\
## Delays

Forward and backward of rec128 on spoken digits at 1 ms, one thread, processor time, as many spikes
a neuron as in training. Axonal delays are whole milliseconds but where it says so; a line has ten
copies, 32 ms apart. The ratio is to no delays.
"""
PASSES = """\
## Two passes

A layer's own, one thread, processor time of a sample in a batch of 16.
"""


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; numbers come formatted, and a bar within a cell is escaped."""
    lines = [list(header)]
    lines += [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    digits = max(0, 2 - int(np.floor(np.log10(abs(value))))) if value else 0
    return f"{value:,.{digits}f}"


def percent(part: float) -> str:
    return f"{100 * part:.1f} %"


def spread(seconds: list[float]) -> str:
    """Half the interquartile range, relative to the median."""
    low, middle, high = np.percentile(seconds, [25, 50, 75])
    return f"± {50 * (high - low) / middle:.0f} %"


def contest_rows(rows: list[Row]) -> Iterator[list[str]]:
    bases: dict[tuple[str, str, str], dict[int, float]] = {}  # seconds a sample, by batch
    for row in rows:
        if not row["problem"]:
            key = row["contestant"], row["network"], row["resolution"]
            bases.setdefault(key, {})[row["batch"]] = median(row["seconds"]) / row["batch"]
    for row in rows:
        head = [row["network"], row["contestant"], row["resolution"], str(row["batch"])]
        if row["problem"]:
            yield [*head, f"does not run: {row['problem']}", "", "", "", "", ""]
            continue
        seconds = median(row["seconds"]) / row["batch"]
        grid = row["resolution"].replace("full", "1 ms")
        known = [bases.get((name, row["network"], grid), {}) for name in ("Spyx", "jaxpike")]
        # at the same batch, or per sample at the first that it ran
        base = [own.get(row["batch"], next(iter(own.values()), None)) for own in known]
        yield [
            *head,
            number(1 / seconds),
            number(1000 * seconds),
            f"{spread(row['seconds'])} of {len(row['seconds'])}",
            *(number(other / seconds) if other else "not run" for other in base),
            f"{row['peak_memory']:.0f}",
        ]


def scaling_rows(points: list[Row]) -> Iterator[list[str]]:
    for curve, neuron, x, y in fitted(points):
        costs = f"{number(1000 * y[0])} to {number(1000 * y[-1])}"
        yield [
            curve,
            neuron,
            f"{x[0]:,.0f} to {x[-1]:,.0f}",
            costs,
            f"{exponent(x, y):.2f}",
            percent(departure(x, y)),
        ]


def kind_rows(rows: list[Row]) -> Iterator[list[str]]:
    least = {
        (r["neuron"], r["drive"], r["resolution"], r["clipped"]): min(r["seconds"]) / r["batch"]
        for r in rows
    }
    for (neuron, drive, resolution, clipped), seconds in least.items():
        if clipped:
            continue
        base = least["lif" if neuron == "qif_delta" else neuron, 0.0, resolution, False]
        yield [
            f"{neuron}, drive {drive:g}",
            resolution,
            number(1000 * seconds),
            number(seconds / base),
            percent(least[neuron, drive, resolution, True] / seconds - 1),
        ]


def coarse_rows(rows: list[Row]) -> Iterator[list[str]]:
    for row in rows:
        seconds = fastest(row)
        base = next(fastest(r) for r in rows if r["neuron"] == row["neuron"])
        yield [
            f"{row['neuron']}, drive {row['drive']:g}",
            str(row["channels"]),
            f"{1000 * row['step']:g} ms",
            "with counts" if row["counts"] else "one a spike",
            f"{row['events']:,.0f}",
            number(row["activity"]),
            number(1000 * seconds),
            number(base / seconds),
        ]


def delay_rows(rows: list[Row]) -> Iterator[list[str]]:
    for row in rows:
        seconds = fastest(row)
        base = next(fastest(r) for r in rows if r["neuron"] == row["neuron"])
        yield [
            row["neuron"],
            row["case"],
            f"{row['events']:,.0f}",
            number(row["activity"]),
            number(1000 * seconds),
            number(seconds / base),
        ]


def pass_rows(passes: list[Row]) -> Iterator[list[str]]:
    for p in passes:
        counts = [f"{p[name]:,}" for name in COUNTS]
        seconds = [number(1e3 * p[name]) for name in ("forward", "backward")]
        yield [p["network"], p["neuron"], p["resolution"], *counts, *seconds]


def ntk_rows(rows: list[Row]) -> Iterator[list[str]]:
    for row in rows:
        share = row["gflops"] / row["gflops_of_product"] if "gflops" in row else None
        peer = row.get("torch_func")  # none of analytic kernels
        yield [
            row["job"],
            f"{number(row['ours'])} {row['unit']}",
            *((number(peer), number(row["ours"] / peer)) if peer else ("", "")),
            percent(share) if share else "",
        ]


def digit_rows(rows: list[Row]) -> Iterator[list[str]]:
    for row in rows:
        yield [
            row["program"],
            number(1 / row["core_seconds"]),
            number(rows[-1]["core_seconds"] / row["core_seconds"]),
            number(row["once"]),
            f"{row['spikes']:,}",
        ]


def workflow_section(result: Row) -> str:
    if "problem" in result:
        return f"Not measured: {result['problem']}.\n"
    total = result["cores"] * result["wall"]
    work, starts = (percent(result[name] / total) for name in ("work", "starts"))
    return (
        f"{result['jobs']} jobs in {result['wall']:.0f} s on {result['cores']} cores: {work} of the"
        f" cores' time is work, {starts} are starts of jobs, until all is imported. The search took"
        f" {result['search']:.0f} core-seconds, {percent(result['search_overhead'])} of them not in"
        " training: starts, suggestions, selection.\n"
    )


def figure(points: list[Row], files: Iterable[str]) -> None:
    """Cost over events, neurons, copies and batch."""
    panels = {
        "input events a sample": "events, 128 {} neurons",
        "neurons": "{} neurons",
        "copies of the input": "copies, rec128",
        "samples in a batch": "batch, rec128",
    }
    canvas, axes = plt.subplots(1, 4, figsize=(7.2, 2.4))
    curves = {(curve, neuron): (x, y) for curve, neuron, x, y in fitted(points, limits={})}
    styles = list(product({"feedforward": "--", "recurrent": "-"}.items(), ("LIF", "QIF")))
    for axis, (label, name) in zip(axes, panels.items(), strict=True):
        for (kind, line), neuron in styles if "{}" in name else styles[2:]:
            x, y = curves[name.format(kind), neuron]
            style = {"color": NEURON_COLOURS[neuron.lower()], "label": f"{neuron}, {kind}"}
            axis.loglog(x, 1000 * y, f"o{line}", markersize=3, **style)
        ends = np.array(axis.get_xlim())
        axis.loglog(
            ends, axis.get_ylim()[0] * ends / ends[0], color="0.7", zorder=0, label="proportional"
        )
        axis.set(xlabel=label, ylabel="ms a sample", xlim=ends)
        for side in (axis.xaxis, axis.yaxis):
            side.set_minor_formatter(NullFormatter())
    axes[-1].set_ylabel("ms a batch")
    canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    letter(axes)
    save(canvas, files)


def page(results: dict[str, Any]) -> str:
    """RESULTS.md."""
    contest = results["contest"]
    versions = {k: v for row in contest for k, v in row.get("versions", {}).items()}
    machine = {**results["machine"], **{f"peer: {k}": v for k, v in versions.items() if k in PEERS}}
    sections = [
        INTRODUCTION,
        table(("machine", ""), machine.items()),
        "## Bars\n",
        table(("bar", "measured", "reached"), bars(results)),
        CONTEST,
        table(CONTEST_HEADER, contest_rows(contest)),
        SCALING,
        table(
            ("curve", "neuron", "x", "ms", "exponent", "off a straight line"),
            scaling_rows(results["scaling"]),
        ),
        KINDS,
        table(
            ("", "events at", "ms a sample", "ratio", "clipping costs"),
            kind_rows(results["kinds"]),
        ),
        COARSE,
        table(
            ("", "channels", "at", "events", "a sample", "spikes", "ms a sample", "times as fast"),
            coarse_rows(results["coarse"]),
        ),
        DELAYS,
        table(
            ("neuron", "delays", "events a sample", "spikes", "ms a sample", "ratio"),
            delay_rows(results["delays"]),
        ),
        PASSES,
        table(
            ("network", "neuron", "events at", *COUNTS, "forward ms", "backward"),
            pass_rows(results["passes"]),
        ),
        "## Cochlea\n\nOne spoken word, 700 channels, from sound to spikes; processor time.\n",
        table(
            ("program", "digits per core-second", "ratio", "s once for all words", "spikes"),
            digit_rows(results["digits"]),
        ),
        "## Tangent kernels\n\nOne thread; results are checked to agree first.\n",
        table(
            ("", "spikegrad", "torch.func", "ratio", "of the matrix product's speed"),
            ntk_rows(results["ntk"]),
        ),
        f"## Workflow\n\n{workflow_section(results['workflow'])}",
    ]
    return "\n".join(sections)


def write(folder: Path) -> None:
    """RESULTS.md and scaling.png in ``folder``, from its results.json."""
    results = json.loads((folder / "results.json").read_text())
    figure(results["scaling"], [str(folder / "scaling.png")])
    with atomic(folder / "RESULTS.md") as temporary:
        temporary.write_text(page(results))


if __name__ == "__main__":
    write(HERE)
