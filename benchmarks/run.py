"""make bench: all measurements in one run on the present machine, and the page RESULTS.md of them.

    python benchmarks/run.py [--quick FOLDER]

Measurements are kept in results.yaml, from which report.py makes the page and the figure. --quick
shows in a minute that everything works: it measures little, installs no peer, and writes to FOLDER.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

import contest
import ntk
import report
import scaling
from contest import PEERS, install, python_of
from spikegrad.files import atomic

HERE = Path(__file__).parent
ROUNDS = 5


def machine() -> dict[str, str]:
    """What was measured, on what and when."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    git = ["git", "-C", HERE, "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    packages = (f"{name} {version(name)}" for name in ("numpy", "numba", "torch"))
    pins = {pin for peer in PEERS if python_of(peer) for pin in PEERS[peer]["pins"]}
    return {
        "begun": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load average {os.getloadavg()[0]:.1f}",
        "machine": f"{cpu[1] if cpu else platform.processor()}, {len(os.sched_getaffinity(0))}"
        f" cores, {int(memory[1]) / 2**20:.0f} GiB, {platform.system()} {platform.release()}",
        "software": f"spikegrad {commit or version('spikegrad')}, "
        f"Python {platform.python_version()}, {', '.join(packages)}",
        "peers": ", ".join(sorted(pins)).replace("==", " ") or "none installed",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", type=Path, metavar="FOLDER", help="small, to see that it works")
    quick = parser.parse_args().quick
    if not quick:
        for peer in PEERS:
            install(peer)
    absent = [entry["name"] for peer, entry in PEERS.items() if not python_of(peer)]
    torch.set_num_threads(1)  # here; contestants are processes of their own
    kernels, curves = ntk.measure(bool(quick)), scaling.measure(bool(quick))
    rows = []
    for task, peers in [contest.SMALL] if quick else contest.NETWORKS:
        rows += contest.compete(contest.contestants(task, peers), 2 if quick else ROUNDS)
    folder = quick or HERE
    results = {"machine": [machine()], "rows": rows + kernels, "scaling": curves}
    with atomic(folder / "results.yaml") as temporary:
        temporary.write_text(report.lines(results))
    report.write(folder)
    print(folder / "RESULTS.md")
    if absent:
        print(f"not installed, so not measured: {', '.join(absent)}")


if __name__ == "__main__":
    main()
