"""Pages in Markdown, from templates, and the same as HTML."""

from __future__ import annotations

import re
from itertools import cycle
from typing import Any

import markdown

from study.claims.estimates import Verdict
from study.environment import ENVIRONMENT, render
from study.style import neuron_label

PAGE = "README.md"
CLAIMS = "claims.md"
"""The page of all claims, beside a study's page."""
_ENVIRONMENT = ENVIRONMENT.overlay(autoescape=False)
_ENVIRONMENT.filters["label"] = neuron_label
_EXTENSIONS = ["tables", "toc", "fenced_code", "sane_lists", "md_in_html"]


def markdown_page(template: str, **values: Any) -> str:
    """The Markdown of a file in ``templates``."""
    return _ENVIRONMENT.get_template(template).render(values)


def dressed(html: str) -> str:
    """``html`` with the verdicts of its tables in their colours, and the columns of those of more
    than three in each cell, for telephones."""
    html = re.sub(r"<table>.*?</table>", _with_labels, html, flags=re.S)
    verdicts = "|".join(Verdict)
    cell = rf"(<td[^>]*>)(?:<strong>)?({verdicts})(?:</strong>)?( \(.*?\))?</td>"
    return re.sub(cell, r'\1<span class="verdict \2">\2</span>\3</td>', html)


def _with_labels(table: re.Match[str]) -> str:
    names = [re.sub("<.*?>", "", name) for name in re.findall(r"<th\b.*?>(.*?)</th>", table[0])]
    if len(names) < 4:
        return table[0]
    label = cycle(["", *(f' data-label="{name}"' for name in names[1:])])
    return re.sub(r"<td", lambda _: f"<td{next(label)}", table[0])


def body_of(text: str) -> str:
    """A page as the body of an HTML file."""
    return dressed(markdown.markdown(text, extensions=_EXTENSIONS))


def as_html(text: str) -> str:
    """A page as HTML, beside its pictures; links to other pages lead to their HTML."""
    pages = rf'href="([\w/-]*)({PAGE}|{CLAIMS})'
    names = {PAGE: "index.html", CLAIMS: "claims.html"}
    body = re.sub(pages, lambda found: f'href="{found[1]}{names[found[2]]}', body_of(text))
    title = text.partition("\n")[0].removeprefix("# ")
    return render("markdown.html", title=title, body=body)
