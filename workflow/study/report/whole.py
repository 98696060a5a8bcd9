"""A study in one file for the browser: its pages of answers first, then all figures and tables."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from study.environment import render
from study.report.page import template_of
from study.report.rendered import CLAIMS, PAGE, body_of
from study.report.study_tables import StudyTables
from study.storage.tables import read_table

ROWS = 200
"""Rows of a table that are shown."""
TITLES = {"study.md": "Answer", "sg_ntk.md": "Second paper"}


class Item(NamedTuple):
    """A figure or table of the report."""

    category: str
    content: str
    file: str
    caption: str

    @property
    def displayed(self) -> dict[str, Any]:
        """What the template shows of it: a picture, a page that can be drawn on, or a table."""
        file = Path(self.file)
        if file.suffix == ".png":
            return {"picture": _data_url(file)}
        if file.suffix == ".html":
            return {"page": file.read_text()}
        table = read_table(file)
        text = table.head(ROWS).to_html(index=False, border=0, float_format="{:.4g}".format)
        return {"table": text, "rows": len(table), "more": len(table) > ROWS}


class Chapter(NamedTuple):
    """A part of the report that the menu names: a page, or figures and tables."""

    anchor: str
    title: str
    body: str = ""
    items: tuple[Item, ...] = ()


def whole(folder: Path, title: str, items: Sequence[Item]) -> str:
    """The page of the study in ``folder``, whose figures and tables are ``items``."""
    study = StudyTables(folder)
    homes = [folder / name for name in ("", "ntk") if study.has(str(Path(name, PAGE)))]
    targets = {place: anchor for own in homes for place, anchor in _chapter_anchors(own, folder)}
    chapters = [chapter for own in homes for chapter in _page_chapters(own, folder, targets)]
    for category in dict.fromkeys(item.category for item in items):
        of_category = tuple(item for item in items if item.category == category)
        anchor = re.sub(r"\W+", "-", category.lower())
        chapters.append(Chapter(anchor, category, items=of_category))
    return render("report.html", title=title, chapters=chapters, most=ROWS)


def _anchor_of(own: Path, folder: Path) -> str:
    return "answer" if own == folder else own.name


def _chapter_anchors(own: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Files that are chapters here, and their anchors."""
    name = _anchor_of(own, folder)
    yield (own / PAGE).resolve(), name
    yield (own / CLAIMS).resolve(), f"{name}-claims"


def _page_chapters(own: Path, folder: Path, targets: dict[Path, str]) -> list[Chapter]:
    """A page of answers and its claims, of the study's folder or one below it."""
    name, title = _anchor_of(own, folder), TITLES[template_of(own)]
    body = body_of((own / PAGE).read_text())
    body = re.sub(r'src="([^"]+\.png)"', lambda found: f'src="{_data_url(own / found[1])}"', body)
    judged = body_of((own / CLAIMS).read_text())
    return [
        Chapter(name, title, _lead_to_chapters(body, name, own, folder, targets)),
        Chapter(
            f"{name}-claims",
            f"{title}: all claims",
            _lead_to_chapters(judged, f"{name}-claims", own, folder, targets),
        ),
    ]


def _lead_to_chapters(
    body: str, name: str, own: Path, folder: Path, targets: dict[Path, str]
) -> str:
    """Its anchors begin with ``name``; links to other pages lead to their chapters, and those to
    files beside the study's pages are names only."""
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)

    def target(found: re.Match[str]) -> str:
        file, _, anchor = found[1].partition("#")
        place = (own / file).resolve()
        chapter = targets.get(place) if file else name
        if chapter is not None:
            return f'<a href="#{chapter}{anchor and f"-{anchor}"}">{found[2]}</a>'
        return f"{found[2]} (<code>{place.relative_to(folder.resolve())}</code>)"

    return re.sub(r'<a href="(?!https?:)([^"]+)">(.*?)</a>', target, body, flags=re.DOTALL)


def _data_url(file: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}"
