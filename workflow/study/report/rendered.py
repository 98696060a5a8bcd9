"""Pages in Markdown, from templates, and the same as HTML."""

from __future__ import annotations

import re
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


def with_pills(html: str) -> str:
    """``html`` with the verdicts of its tables in their colours."""
    verdicts = "|".join(Verdict)
    cell = rf"<td>(?:<strong>)?({verdicts})(?:</strong>)?( \(.*?\))?</td>"
    return re.sub(cell, r'<td><span class="verdict \1">\1</span>\2</td>', html)


def body_of(text: str) -> str:
    """A page as the body of an HTML file."""
    return with_pills(markdown.markdown(text, extensions=_EXTENSIONS))


def as_html(text: str) -> str:
    """A page as HTML, beside its pictures; links to other pages lead to their HTML."""
    pages = rf'href="([\w/-]*)({PAGE}|{CLAIMS})'
    names = {PAGE: "index.html", CLAIMS: "claims.html"}
    body = re.sub(pages, lambda found: f'href="{found[1]}{names[found[2]]}', body_of(text))
    title = text.partition("\n")[0].removeprefix("# ")
    return render("markdown.html", title=title, body=body)
