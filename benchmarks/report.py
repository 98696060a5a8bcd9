"""The page RESULTS.md and its figure from results.yaml: python benchmarks/report.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import yaml
from matplotlib.ticker import NullFormatter

from spikegrad.files import atomic
from study.style import NEURON_COLOURS, letter, save

BASES = ("Spyx", "torch.func")  # which all others are compared with
HEADER = ("job", "events at", "batch", "contestant", "a second", "times as fast", "±", "MB")
PANELS = {
    "n_events": "input events a sample",
    "hidden": "neurons",
    "copies": "copies of the input",
    "batch": "samples in a batch",
}
PAGE = """\
# Speed, as measured

Written by `make bench` from one run on one machine.
[How it is measured, and what bounds it](../docs/performance.md).

{machine}

## Beside peers

{table}
Networks: rec is a recurrent layer, ff a feedforward one, with its number of neurons; 700 channels
where no others are named; a second has so many samples of training, each as fast as Spyx's at the
same batch times the next column. Kernels and networks of the SG-NTK, n neurons a layer, are beside
torch.func; a second has so many kernels, or steps of a network. ± is half the interquartile range.

## Scaling

One thread, all events (copies: 140 channels, 4 ms), four samples where the batch does not vary. In
a recurrent layer of n neurons 16 n spikes arrive at n neurons: this part grows as n².

![Cost of an update over events, neurons, copies and batch](scaling.png)
"""


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    digits = max(0, 2 - int(np.floor(np.log10(abs(value))))) if value else 0
    return f"{value:,.{digits}f}"


def cells(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    """The table's rows."""
    for row in rows:
        head = [row["job"], row.get("events", ""), str(row.get("batch", "")), row["contestant"]]
        if "problem" in row:
            yield [*head, f"does not run: {row['problem']}", "", "", ""]
            continue
        same = [r for r in rows if r["job"] == row["job"] and r["contestant"] in BASES]
        # at the same batch, or a sample at the first that it ran
        same.sort(key=lambda r: r.get("batch") != row.get("batch"))
        base = [r["seconds"] for r in same if "seconds" in r]
        yield [
            *head,
            number(1 / row["seconds"]),
            number(base[0] / row["seconds"]) if base else "",
            f"{100 * row['spread']:.0f} %" if "spread" in row else "",
            f"{row['peak_memory']:.0f}" if "peak_memory" in row else "",
        ]


def table(rows: list[dict[str, Any]]) -> str:
    lines = [HEADER, ["---"] * len(HEADER), *cells(rows)]
    return "".join(f"| {' | '.join(c.replace('|', '/') for c in line)} |\n" for line in lines)


def lines(results: dict[str, list[dict[str, Any]]]) -> str:
    """results.yaml, a measurement a line."""
    text = ""
    for name, rows in results.items():
        text += f"{name}:\n" + "".join(f"- {json.dumps(row)}\n" for row in rows)
    return text


def page(results: dict[str, list[dict[str, Any]]]) -> str:
    """RESULTS.md."""
    machine = "\n".join(f"* **{name}**: {value}" for name, value in results["machine"][0].items())
    return PAGE.format(machine=machine, table=table(results["rows"]))


def figure(curves: list[dict[str, Any]], file: Path) -> None:
    """Cost over events, neurons, copies and batch."""
    canvas, axes = plt.subplots(1, len(PANELS), figsize=(7.2, 2.4))
    for axis, (varies, label) in zip(axes, PANELS.items(), strict=True):
        for curve in [c for c in curves if c["varies"] == varies]:
            kind, line = ("recurrent", "-") if curve["recurrent"] else ("feedforward", "--")
            y, colour = 1000 * np.array(curve["seconds"]), NEURON_COLOURS[curve["neuron"]]
            name = f"{curve['neuron'].upper()}, {kind}"
            axis.loglog(curve["x"], y, f"o{line}", color=colour, markersize=3, label=name)
        ends = np.array(axis.get_xlim())
        rise = axis.get_ylim()[0] * ends / ends[0]
        axis.loglog(ends, rise, color="0.7", zorder=0, label="proportional")
        axis.set(xlabel=label, xlim=ends)
        for side in (axis.xaxis, axis.yaxis):
            side.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("ms an update")
    canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    letter(axes)
    save(canvas, [str(file)])


def write(folder: Path) -> None:
    """RESULTS.md and scaling.png in ``folder``, from its results.yaml."""
    results = yaml.safe_load((folder / "results.yaml").read_text())
    figure(results["scaling"], folder / "scaling.png")
    with atomic(folder / "RESULTS.md") as temporary:
        temporary.write_text(page(results))


if __name__ == "__main__":
    write(Path(__file__).parent)
