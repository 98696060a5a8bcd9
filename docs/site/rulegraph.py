"""The demo's rules as Snakemake sees them, drawn as an SVG for the site."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
SEARCH = ("search_suggest", "search_trials")
BEHIND = {SEARCH, SEARCH[::-1], ("compile_engine", SEARCH[1]), (SEARCH[1], "search_best")}
"""Edges behind a checkpoint, which Snakemake's plan does not show before it runs."""
WIDTH, HEIGHT, LINE, ACROSS, DOWN = 180, 14, 18, 210, 34


def rulegraph() -> set[tuple[str, str]]:
    """Pairs of rules, of which the second reads what the first makes."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(ROOT / "config" / "demo.yaml"), "--rulegraph"]
    with TemporaryDirectory() as folder:  # where nothing is made
        run = subprocess.run(
            [*command, "--directory", folder], cwd=ROOT, capture_output=True, text=True, check=True
        )
    names = dict(re.findall(r"(\d+)\[label = \"(\w+)\"", run.stdout))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", run.stdout)}
    return {edge for edge in edges if "default" not in edge} | BEHIND


def reduced(edges: set[tuple[str, str]]) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """What follows each group of rules that read each other's files, without longer ways."""
    names = {name for edge in edges for name in edge}
    after = {name: {b for a, b in edges if a == name} for name in names}
    for middle in names:  # Warshall: all that a rule leads to
        for name in names:
            if middle in after[name]:
                after[name] |= after[middle]
    group = {a: tuple(sorted({a} | {b for b in after[a] if a in after[b]})) for a in sorted(names)}
    far = {group[a]: {group[b] for b in after[a]} - {group[a]} for a in names}
    return {a: far[a] - {c for b in far[a] for c in far[b]} for a in far}


def drawing(edges: set[tuple[str, str]]) -> str:
    """An SVG: each group above what follows it, as low as it can be."""
    after = reduced(edges)

    def height(group: tuple[str, ...]) -> int:
        return max((1 + height(other) for other in after[group]), default=0)

    rows = defaultdict(list)
    for group in sorted(after):
        rows[height(group)].append(group)
    across: dict[tuple[str, ...], float] = {}
    down: dict[tuple[str, ...], float] = {}
    top = 0.0
    for number in sorted(rows, reverse=True):
        row = sorted(
            rows[number], key=lambda g: mean([across[a] for a in across if g in after[a]] or [0])
        )
        for place, group in enumerate(row):
            across[group], down[group] = (place - (len(row) - 1) / 2) * ACROSS, top
        top += max(HEIGHT + LINE * len(group) for group in row) + DOWN
    wide = max(map(abs, across.values())) + WIDTH / 2 + 4
    lines, boxes = [], []
    for group, x in across.items():
        high = HEIGHT + LINE * len(group)
        for other in sorted(after[group]):
            y, to, end = down[group] + high, across[other], down[other] - 7
            half = (y + end) / 2
            lines.append(f'<path d="M{x} {y}C{x} {half} {to} {half} {to} {end}"/>')
        box = f'x="{x - WIDTH / 2}" y="{down[group]}" width="{WIDTH}" height="{high}" rx="6"'
        boxes.append(f"<rect {box}/>")
        for number, name in enumerate(group):
            mark = " \u21c5" if number else ""
            y = down[group] + HEIGHT / 2 + LINE * (number + 0.72)
            boxes.append(f'<text x="{x}" y="{y}">{name}{mark}</text>')
    head = '<marker id="a" refX="2" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    size = f"{-wide} -4 {2 * wide} {top - DOWN + 8}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" width="{2 * wide}"'
        ' font-family="sans-serif" font-size="14" text-anchor="middle">'
        f'<defs>{head}<path d="M0 0L8 4L0 8z" fill="#777"/></marker></defs>'
        f'<g fill="none" stroke="#777" marker-end="url(#a)">{"".join(lines)}</g>'
        f'<g fill="#fff" stroke="#009688">{"".join(boxes)}</g></svg>\n'
    ).replace("<text", '<text fill="#222" stroke="none"')
