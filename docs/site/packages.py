"""Draw the packages and what they import from each other: `python docs/site/packages.py`.

A package is a folder, or a module beside folders. It stands above all that it imports from. An
arrow that follows from others is left out.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "packages.svg"
ROOTS = {"src/spikegrad": "#cfe6f5", "workflow/study": "#fbe3c0", "workflow/scripts": "#e4e4e4"}
WIDTH, HEIGHT, GAP, EDGE, RISE = 100, 32, 46, 10, 72
"""Of a box, between boxes, around the picture, and from row to row."""

Arrows = dict[str, set[str]]


def package_of(file: Path) -> str:
    """src/spikegrad/ntk/moments.py is in src/spikegrad/ntk; the library's own modules are one."""
    root = next(root for root in ROOTS if file.is_relative_to(ROOT / root))
    part = file.relative_to(ROOT / root).parts[0]
    if root == "workflow/scripts" or (root == "src/spikegrad" and part.endswith(".py")):
        return root
    return f"{root}/{part.removesuffix('.py')}"


def arrows() -> Arrows:
    """The other packages that each package imports from."""
    files = {}
    for root in ROOTS:
        for file in (ROOT / root).rglob("*.py"):
            module = file.relative_to((ROOT / root).parent).with_suffix("").parts
            files[".".join(module).removesuffix(".__init__")] = file
    del files["study"]  # which is empty
    package = {name: package_of(file) for name, file in files.items()}
    found: Arrows = defaultdict(set)
    for module, file in files.items():
        own = found[package[module]]
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in files else node.module for name in names]
            own |= {package[name] for name in names if name in files} - {package[module]}
    return {package: found[package] for package in sorted(found)}


def rows_of(arrows: Arrows) -> dict[str, int]:
    """The row of each package, counted from above: one below the lowest that imports from it.

    Raises
    ------
    CycleError
        If packages import from each other.
    """
    found = dict.fromkeys(arrows, 0)
    for package in reversed([*TopologicalSorter(arrows).static_order()]):
        for below in arrows[package]:
            found[below] = max(found[below], found[package] + 1)
    return found


def direct(arrows: Arrows) -> list[tuple[str, str]]:
    """The arrows that do not follow from others."""

    def reached(package: str) -> set[str]:
        return arrows[package].union(*map(reached, arrows[package]))

    return [
        (package, below)
        for package, others in arrows.items()
        for below in sorted(others)
        if not any(below in reached(other) for other in others)
    ]


def picture(arrows: Arrows) -> str:
    """The packages in their rows, as SVG."""
    row_of, lines = rows_of(arrows), direct(arrows)
    rows = [
        [package for package in row_of if row_of[package] == n]
        for n in range(max(row_of.values()) + 1)
    ]
    width = max(map(len, rows)) * (WIDTH + GAP) + 2 * GAP
    height = len(rows) * RISE - RISE + HEIGHT + 2 * EDGE
    place: dict[str, tuple[float, float]] = {}
    for n, row in enumerate(rows):

        def above(package: str) -> float:
            """Where the packages stand from which arrows come."""
            return mean([place[top][0] for top, below in lines if below == package] or [0])

        for k, package in enumerate(sorted(row, key=above)):
            aside = (n % 3 - 1) * GAP  # else an arrow hides behind the boxes that it passes
            left = width / 2 + (k - len(row) / 2) * (WIDTH + GAP) + GAP / 2
            place[package] = left + aside, EDGE + n * RISE
    text = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        ' font-family="sans-serif" font-size="13" text-anchor="middle">',
        '<marker id="tip" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6"'
        ' orient="auto"><path d="M0 0 6 3 0 6z" fill="#555"/></marker>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for package, below in lines:
        (x, y), (u, v) = place[package], place[below]
        ends = f'x1="{x + WIDTH / 2:g}" y1="{y + HEIGHT:g}" x2="{u + WIDTH / 2:g}" y2="{v:g}"'
        text.append(f'<line {ends} stroke="#555" marker-end="url(#tip)"/>')
    for package, (x, y) in place.items():
        root = next(root for root in ROOTS if package.startswith(root))
        name = package.removeprefix(f"{root}/").removeprefix("workflow/").removeprefix("src/")
        box = f'x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="4"'
        text.append(f'<rect {box} fill="{ROOTS[root]}" stroke="#555"/>')
        text.append(f'<text x="{x + WIDTH / 2:g}" y="{y + 22:g}">{name}</text>')
    return "\n".join([*text, "</svg>\n"])


if __name__ == "__main__":
    PICTURE.write_text(picture(arrows()))
