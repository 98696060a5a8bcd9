"""make bench: all measurements in one run on the present machine, and the page RESULTS.md of them.

    python benchmarks/run.py [--quick] [--demo FOLDER]

Each part runs in a process of its own and its results are kept in results.json, from which
report.py makes the page and the figure. --demo names a checkout in which `make demo` ran to its
end; without it the present one is taken. --quick shows in a few minutes that everything works; its
page goes to a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import contest
import overhead
import report
from spikegrad.files import atomic

HERE = Path(__file__).parent
PACKAGES = ("numpy", "numba", "torch", "snakemake")
NETWORKS = [(hidden, recurrent) for recurrent in (True, False) for hidden in (128, 256, 512)]
BATCH, LARGER_BATCHES, ROUNDS = 32, (64, 128), 5


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    git = ["git", "-C", HERE, "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    return {
        "processor": cpu[1] if cpu else platform.processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "spikegrad": commit or version("spikegrad"),
        "begun": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "load average at the start": f"{os.getloadavg()[0]:.1f}",
    }


def part(script: str, quick: bool) -> Any:
    """The results of a script of this folder, run in a process of its own."""
    print(f"bench: {script}", file=sys.stderr)
    command = [sys.executable, HERE / script, *(["--quick"] if quick else [])]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(out.stdout)


def engine_and_peers(quick: bool) -> list[dict[str, Any]]:
    """The contest of every network, and the engine alone with a large batch."""
    if quick:
        return contest.compete(contest.entries(128, True, 4, grids=(4e-3,)), 2)
    rows = []
    for hidden, recurrent in NETWORKS:
        rows += contest.compete(contest.entries(hidden, recurrent, BATCH), ROUNDS)
    for task in contest.COARSE:
        rows += contest.compete(contest.coarse(task), ROUNDS)
    for batch in LARGER_BATCHES:
        rows += contest.compete(contest.full_resolution(batch), 3)
    return rows


def workflow(folder: Path) -> dict[str, Any]:
    """What the cores did in a finished demo, or why that is unknown."""
    try:
        return overhead.measure(folder)
    except (FileNotFoundError, ValueError) as error:
        return {"problem": str(error)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small and few, to see that it works")
    parser.add_argument("--demo", type=Path, default=HERE.parent, help="where make demo ran")
    options = parser.parse_args()
    quick = options.quick
    folder = Path(tempfile.mkdtemp(prefix="spikegrad-bench-")) if quick else HERE
    results = {
        "machine": machine(),
        "workflow": workflow(options.demo.resolve()),
        "digits": part("digits.py", quick),
        "ntk": part("ntk.py", quick),
        "kinds": part("kinds.py", quick),
        "coarse": part("coarse.py", quick),
        "delays": part("delays.py", quick),
        "passes": part("passes.py", quick),
        "scaling": part("scaling.py", quick),
        "contest": engine_and_peers(quick),  # last: the engine is compiled by then
    }
    with atomic(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1))
    report.write(folder)
    print(folder / "RESULTS.md")


if __name__ == "__main__":
    main()
