"""What mkdocs adds to docs/: files from elsewhere; settings and functions as declared."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from study.figures.surfaces import draw
from study.report.rendered import dressed
from study.report.site_front import site_front
from study.storage.tables import read_table

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "start.md": "README.md",
    "settings.md": "config/README.md",
    "benchmarks.md": "benchmarks/RESULTS.md",
    "contributing.md": "CONTRIBUTING.md",
    "changes.md": "CHANGELOG.md",
}
"""Pages that are files outside docs/."""
COPIED = {
    "scaling.png": "benchmarks/scaling.png",
    "claims.css": "workflow/study/report/templates/claims.css",
}
"""Files from outside docs/ that pages show, or look like."""
PACKAGES = ("spikegrad", "spikegrad.export", "spikegrad.ntk")
"""Whose public names users are told of."""
SETTINGS = (
    *("study.config.study", "study.config.data", "spikegrad.network_settings"),
    *("study.config.training", "study.config.search", "study.config.landscape"),
    *("study.config.ntk", "study.config.variants", "study.config.machines"),
)
"""Modules that declare settings, in the order in which the page of settings has them."""
MADE = {"api.md": "src/spikegrad/__init__.py"}
"""Pages that are made here, and the files that links to them name."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that no file in docs/ holds."""
    for page, source in ELSEWHERE.items():
        own = settings() if page == "settings.md" else ""
        files.append(File.generated(config, page, content=(ROOT / source).read_text() + own))
    for name, source in COPIED.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    files.append(File.generated(config, "api.md", content=functions()))
    files.append(File.generated(config, "index.md", content=site_front(ROOT / "docs" / "results")))
    planes = ROOT / "docs" / "results" / "pairs" / "landscape" / "surfaces" / "planes.parquet"
    files.append(File.generated(config, "surfaces.html", content=draw(read_table(planes), seed=0)))
    files.src_uris["results.md"].dest_uri = "findings/index.html"  # results/ lists the studies
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to files outside docs/ lead to their pages; of those without one the text stays."""
    source = ROOT / ELSEWHERE.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def led(link: re.Match[str]) -> str:
        text, target, anchor = link.groups()
        place = (source.parent / target).resolve()
        for name, file in {**ELSEWHERE, **MADE}.items():
            if place == ROOT / file:
                place = ROOT / "docs" / name
        if not place.is_relative_to(ROOT / "docs"):
            return text
        here = (ROOT / "docs" / page.file.src_uri).parent
        return f"[{text}]({os.path.relpath(place, here)}{anchor or ''})"

    return re.sub(r"\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)", led, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Verdicts in colour. Docstrings name things as Sphinx wants it; here the name is enough."""
    return dressed(re.sub(r":(?:meth|class|data|func|mod):<code>[~.]?", "<code>", html))


def functions() -> str:
    """The public names of all packages, which mkdocstrings explains by their docstrings."""
    text = ["# Functions\n"]
    for package in map(import_module, PACKAGES):
        text.append(f"\n## {package.__name__}\n\n{(package.__doc__ or '').splitlines()[0]}\n")
        for name in package.__all__:
            home = getattr(getattr(package, name), "__module__", None)
            if home is not None:  # the version is but text
                text.append(f"\n::: {home}.{name}\n")
    return "".join(text)


def settings() -> str:
    """Every key that a study can have, which mkdocstrings explains by the declarations.

    NetworkSettings is left out: it is on the page of functions, as a public name.
    """
    options = "    options: {filters: ['!^_', '!^NetworkSettings$']}\n"
    modules = "".join(f"\n::: {name}\n{options}" for name in SETTINGS)
    return f"\n## Every key\n\nA section is a class, a key one of its attributes.\n{modules}"
