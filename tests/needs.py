"""What new users want on their first day, by the documentation's own commands.

``python tests/needs.py`` tries it in a fresh clone on the smoke study, with ``--demo`` on the demo
as the pages say, each within the time that they say. A need is a page, commands that it shows, and
what must be there afterwards.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAKE = "make --old-file .venv/.ready BIN=$(dirname $(which python)) "
SMALL = {"config/demo.yaml": "config/smoke.yaml", "spoken-digits/": "spoken-digits-smoke/"}


@dataclass(frozen=True)
class Need:
    """What is wanted, the page that says how, its commands, and how to see that it worked."""

    want: str
    page: str
    commands: tuple[str, ...]
    check: Callable[[Path, str], bool]
    minutes: float
    files: tuple[str, ...] = ()
    """Titled blocks of the page to be written first."""


def made(*names: str) -> Callable[[Path, str], bool]:
    return lambda folder, _: all(any(folder.glob(f"results/{name}")) for name in names)


def told(pattern: str) -> Callable[[Path, str], bool]:
    return lambda _, output: re.search(pattern, output) is not None


DEMO = "snakemake --cores 2 --configfile config/demo.yaml"
NEEDS = (
    Need("the whole study", "README.md", (DEMO,), made("spoken-digits*/claims.html"), 10),
    Need(
        "its report",
        "docs/usage.md",
        ("make report CONFIG=config/demo.yaml",),
        made("spoken-digits*/report.html"),
        2,
    ),
    Need("a part", "docs/usage.md", (f"{DEMO} -- training",), told("Nothing to be done|Done"), 1),
    Need(
        "another setting",
        "docs/usage.md",
        (f"{DEMO} mine.yaml -n",),
        lambda _, output: bool(re.search(r"(?m)^train +\d", output)),
        1,
        ("mine.yaml",),
    ),
    Need(
        "own spikes",
        "docs/own-spikes.md",
        ("python make_files.py", f"{DEMO} mine.yaml -- training"),
        made("files-mine/training/summary.csv"),
        10,
        ("make_files.py", "mine.yaml"),
    ),
    Need(
        "a figure once more",
        "docs/new-figure.md",
        (f"{DEMO.replace('2', '1')} --forcerun plot_confusion -- training",),
        told("plot_confusion"),
        1,
    ),
    Need("to know the stages", "docs/usage.md", ("snakemake --list",), told(r"training \("), 1),
    Need(
        "a cluster",
        "docs/cluster.md",
        ("snakemake --profile workflow/profiles/slurm --configfile config/config.yaml -n",),
        told("search_trials|slurm"),  # the plugin is an extra: its name is in the error
        1,
    ),
)


def prepared(need: Need, folder: Path) -> None:
    """Write the page's titled blocks: a title in the fence, or a first line that is a comment."""
    page = (folder / need.page).read_text()
    for name in need.files:
        blocks = re.findall(r"```\w+(?: title=\"(.*?)\")?\n((?:# (\S+)\n)?.*?)```", page, re.DOTALL)
        (text,) = [text for title, text, comment in blocks if name in (title, comment)]
        (folder / name).write_text(text)


def satisfied(need: Need, folder: Path, demo: bool) -> tuple[bool, float, str]:
    """Whether the commands work, the minutes that they take, and what they say."""
    prepared(need, folder)
    output, start = "", time.monotonic()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path}
    for command in need.commands:
        if not demo:
            for large, small in SMALL.items():
                command = command.replace(large, small)
        command = re.sub(r"\bmake ", MAKE, command)  # not that of snakemake
        run = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True
        )
        output += run.stdout + run.stderr
    minutes = (time.monotonic() - start) / 60
    return need.check(folder, output), minutes, output


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--demo", action="store_true", help="on the demo, not the smoke study")
    options.add_argument("--folder", type=Path, help="a clone that is there; results stay")
    options.add_argument("--only", nargs="*", help="words of the needs to try")
    given = options.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp()) / "spikegrad"
    if given.folder is None:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    failed = 0
    for need in NEEDS:
        if given.only and not any(word in need.want for word in given.only):
            continue
        works, minutes, output = satisfied(need, folder, given.demo)
        in_time = minutes <= need.minutes or not given.demo
        failed += not (works and in_time)
        verdict = "works" if works else "FAILS"
        print(
            f"{verdict}  {minutes:5.1f} of {need.minutes:g} min  {need.want}  ({need.page})",
            flush=True,
        )
        if not works:
            print("\n".join(f"    {line}" for line in output.splitlines()[-15:]))
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
