"""make bench: all measurements in one run on the present machine, and the page RESULTS.md of them.

    python benchmarks/run.py [--quick FOLDER]

Measurements are kept in results.yaml, from which report.py makes the page and the figure. --quick
shows in a minute that everything works: it measures little, installs no peer, and writes to FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

import contest
import report
from environments import PEERS, install, python_of
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


def part(script: str, quick: bool) -> list[dict[str, Any]]:
    """The results of a script of this folder, run in a process of its own."""
    print(f"bench: {script}", file=sys.stderr)
    command = [sys.executable, HERE / script, *(["--quick"] if quick else [])]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(out.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", type=Path, metavar="FOLDER", help="small, to see that it works")
    quick = parser.parse_args().quick
    if not quick:
        for peer in PEERS:
            install(peer)
    absent = [entry["name"] for peer, entry in PEERS.items() if not python_of(peer)]
    kernels, scaling = part("ntk.py", bool(quick)), part("scaling.py", bool(quick))
    rows = []
    for task, peers in [contest.SMALL] if quick else contest.NETWORKS:
        rows += contest.compete(contest.contestants(task, peers), 2 if quick else ROUNDS)
    folder = quick or HERE
    results = {"machine": machine(), "rows": rows + kernels, "scaling": scaling}
    with atomic(folder / "results.yaml") as temporary:  # a measurement a line
        text = yaml.safe_dump(results, default_flow_style=None, sort_keys=False, width=1000)
        temporary.write_text(text)
    report.write(folder)
    print(folder / "RESULTS.md")
    if absent:
        print(f"not installed, so not measured: {', '.join(absent)}")


if __name__ == "__main__":
    main()
