"""Draw the rooms of the house and who imports from whom: `python docs/site/rooms.py`.

A room is a folder, or a module beside folders. It stands above all that it imports from. An arrow
that follows from others is left out.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "rooms.svg"
HOUSES = {"src/spikegrad": "#cfe6f5", "workflow/study": "#fbe3c0", "workflow/scripts": "#e4e4e4"}
WIDTH, HEIGHT, GAP, EDGE, RISE = 100, 32, 46, 10, 72
"""Of a room, between rooms, around the picture, and from floor to floor."""

Arrows = dict[str, set[str]]


def room_of(file: Path) -> str:
    """src/spikegrad/ntk/moments.py is in src/spikegrad/ntk; the library's own modules are one."""
    house = next(house for house in HOUSES if file.is_relative_to(ROOT / house))
    part = file.relative_to(ROOT / house).parts[0]
    if house == "workflow/scripts" or (house == "src/spikegrad" and part.endswith(".py")):
        return house
    return f"{house}/{part.removesuffix('.py')}"


def arrows() -> Arrows:
    """The other rooms that each room imports from."""
    files = {}
    for house in HOUSES:
        for file in (ROOT / house).rglob("*.py"):
            module = file.relative_to((ROOT / house).parent).with_suffix("").parts
            files[".".join(module).removesuffix(".__init__")] = file
    del files["study"]  # which is empty
    found: Arrows = defaultdict(set)
    for file in files.values():
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in files else node.module for name in names]
            rooms = {room_of(files[name]) for name in names if name in files}
            found[room_of(file)] |= rooms - {room_of(file)}
    return {room: found[room] for room in sorted(found)}


def floors(arrows: Arrows) -> dict[str, int]:
    """The floor of each room, counted from above: one below the lowest that imports from it.

    Raises
    ------
    CycleError
        If rooms import from each other.
    """
    found = dict.fromkeys(arrows, 0)
    for room in reversed([*TopologicalSorter(arrows).static_order()]):
        for below in arrows[room]:
            found[below] = max(found[below], found[room] + 1)
    return found


def direct(arrows: Arrows) -> list[tuple[str, str]]:
    """The arrows that do not follow from others."""

    def reached(room: str) -> set[str]:
        return arrows[room].union(*map(reached, arrows[room]))

    return [
        (room, below)
        for room, others in arrows.items()
        for below in sorted(others)
        if not any(below in reached(other) for other in others)
    ]


def picture(arrows: Arrows) -> str:
    """The rooms on their floors, as SVG."""
    floor, lines = floors(arrows), direct(arrows)
    rows = [[room for room in floor if floor[room] == n] for n in range(max(floor.values()) + 1)]
    width = max(map(len, rows)) * (WIDTH + GAP) + 2 * GAP
    height = len(rows) * RISE - RISE + HEIGHT + 2 * EDGE
    place: dict[str, tuple[float, float]] = {}
    for n, row in enumerate(rows):

        def above(room: str) -> float:
            """Where the rooms stand from which arrows come."""
            return mean([place[top][0] for top, below in lines if below == room] or [0])

        for k, room in enumerate(sorted(row, key=above)):
            aside = (n % 3 - 1) * GAP  # else an arrow hides behind the rooms that it passes
            left = width / 2 + (k - len(row) / 2) * (WIDTH + GAP) + GAP / 2
            place[room] = left + aside, EDGE + n * RISE
    text = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        ' font-family="sans-serif" font-size="13" text-anchor="middle">',
        '<marker id="tip" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6"'
        ' orient="auto"><path d="M0 0 6 3 0 6z" fill="#555"/></marker>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for room, below in lines:
        (x, y), (u, v) = place[room], place[below]
        ends = f'x1="{x + WIDTH / 2:g}" y1="{y + HEIGHT:g}" x2="{u + WIDTH / 2:g}" y2="{v:g}"'
        text.append(f'<line {ends} stroke="#555" marker-end="url(#tip)"/>')
    for room, (x, y) in place.items():
        house = next(house for house in HOUSES if room.startswith(house))
        name = room.removeprefix(f"{house}/").removeprefix("workflow/").removeprefix("src/")
        box = f'x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="4"'
        text.append(f'<rect {box} fill="{HOUSES[house]}" stroke="#555"/>')
        text.append(f'<text x="{x + WIDTH / 2:g}" y="{y + 22:g}">{name}</text>')
    return "\n".join([*text, "</svg>\n"])


if __name__ == "__main__":
    PICTURE.write_text(picture(arrows()))
