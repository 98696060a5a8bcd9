"""The documentation: a site without a broken link, and pages that say what is so."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pyarrow.parquet
import pytest
from playwright.sync_api import Page, Route

import test_report
from smoke import ROOT, snakemake
from spikegrad.neurons import NEURONS
from study.config.neurons import NEURON_STYLES

DOCS = ROOT / "docs"
offline, page = test_report.offline, test_report.page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does, where a warning is an error."""
    mkdocs = pytest.importorskip("mkdocs.commands.build")
    from mkdocs.config import load_config

    target = tmp_path_factory.mktemp("site")
    config = load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(target))
    config.plugins.on_startup(command="build", dirty=False)
    mkdocs.build(config)
    return target


def test_the_site_is_built_without_a_warning(site: Path):
    pages = {str(page.parent.relative_to(site)) for page in site.rglob("index.html")}
    assert {".", "start", "settings", "api", "tables", "results", "tutorial-neuron"} <= pages
    functions = (site / "api" / "index.html").read_text()
    for name in ("SpikeTrains", "SpikingLayer", "to_nir", "sg_ntk", "load_network"):
        assert re.search(rf'id="spikegrad[.a-z_]*\.{name}"', functions), name


@pytest.fixture
def visited(site: Path, page: Page) -> Page:
    """A page on which the site is at http://site.test, and nothing else."""
    served: set[Path] = set()

    def serve(route: Route) -> None:
        file = site / urlsplit(route.request.url).path.strip("/")
        file = file / "index.html" if file.is_dir() else file
        if file.name == "search_index.json" and file in served:  # each page would read all of it
            route.fulfill(json=json.loads(file.read_text()) | {"docs": []})
        elif file.exists():
            served.add(file)
            route.fulfill(path=file)
        else:
            route.abort()

    page.context.route("http://site.test/**", serve)
    return page


@pytest.mark.browser
def test_every_page_opens_on_a_telephone(site: Path, visited: Page):
    """At 400 pixels, without an error, a request elsewhere, or anything wider than the screen."""
    visited.set_viewport_size({"width": 400, "height": 800})
    for file in sorted(site.rglob("index.html")):
        visited.goto(f"http://site.test/{file.parent.relative_to(site)}/")
        assert visited.locator("h1").first.is_visible(), file
        wide = visited.evaluate("document.documentElement.scrollWidth")
        assert wide <= 400, (file, wide)


@pytest.mark.browser
def test_the_front_has_all_verdicts_and_claims(site: Path, visited: Page):
    """Those of the studies' pages and tables, chosen by verdict; its links lead to them."""
    visited.goto("http://site.test/")
    statements = {}
    for name in ("pairs", "sg-ntk"):
        text = (DOCS / "results" / name / "README.md").read_text()
        found = re.findall(r"\(claims\.md(#[\w-]+)\) \| ([\w ]+)", text)
        statements |= {f"results/{name}/claims/{own}": verdict.strip() for own, verdict in found}
    cards = visited.locator(".card").all()
    assert statements == {
        c.get_attribute("href"): c.locator(".verdict").inner_text() for c in cards
    }
    assert visited.locator(".forest .row").count() >= 6

    tables = [pd.read_csv(f) for f in (DOCS / "results").glob("*/claims.csv")]
    tables += [pd.read_csv(f) for f in (DOCS / "results").glob("*/ntk/claims.csv")]
    supported = sum((table["verdict"] == "supported").sum() for table in tables)
    visited.locator("select[name=verdict]").select_option("supported")
    assert visited.locator(".row[data-study]:not([hidden])").count() == supported
    hidden = visited.locator(".row[data-verdict=undecided]").all()
    assert hidden
    assert not any(row.is_visible() for row in hidden)

    for link in {str(a.get_attribute("href")) for a in visited.locator(".card, .row a").all()}:
        file, _, anchor = link.partition("#")
        assert f'id="{anchor}"' in (site / file / "index.html").read_text() or not anchor, link


def columns(file: Path) -> list[str]:
    if file.suffix == ".parquet":
        return pyarrow.parquet.read_schema(file).names
    return list(pd.read_csv(file, nrows=0))


def explained_tables() -> list[tuple[list[str], set[str]]]:
    """Files and columns of each section of the page of tables."""
    _, shared, *sections = (DOCS / "tables.md").read_text().split("\n## ")
    everywhere, tables = set(re.findall(r"^- `(\S+)`: ", shared, re.MULTILINE)), []
    for section in sections:
        file, lead = section.split("\n- ")[0].split("\n", 1)
        named = set(re.findall(r"`(\S+)`", lead.partition("Columns:")[2]))
        assert named <= everywhere, f"no table shares {named - everywhere}"
        own = re.findall(r"^- `(\S+)`: ", section, re.MULTILINE)
        tables.append(([file, *re.findall(r"`(\S+/\S+)`", lead)], named.union(own)))
    return tables


def is_like(name: str, pattern: str) -> bool:
    """Whether all parts of the path ``name`` are like those of ``pattern``."""
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def test_every_column_of_every_table_is_explained(finished: Path):
    """Of the smoke study, and of kept studies' tables that it does not make."""
    smoke, kept = finished / "results" / "spoken-digits-smoke", DOCS / "results"
    files = [(smoke, file) for kind in ("csv", "parquet") for file in smoke.rglob(f"*.{kind}")]
    files += [(kept / "earlier", kept / "earlier/data/shd/comparison.csv")]
    tables, met = explained_tables(), set()
    for place, file in files:
        name = str(file.relative_to(place))
        own = [t for t in tables if name in t[0]] or [
            t for t in tables if any(is_like(name, file) for file in t[0])
        ]
        assert len(own) == 1, f"{len(own)} sections on {name}"
        (first, *_), keys = own[0]
        for column in columns(file):
            words = [key for key in keys if fnmatchcase(column, key)]
            assert len(words) == 1, f"{column} of {name} is explained by {words}"
            met.add((first, words[0]))
    explained = {(first, key) for (first, *_), keys in tables for key in keys}
    unmet = {file for file, _ in explained - met}
    assert unmet == {"estimate.csv"}, "columns that no table has"  # tests/test_estimate.py


def test_no_page_types_a_result():
    """Estimates with intervals stand in what templates fill, and on the pages of studies."""
    filled = re.compile(r"<!-- (?:[\w/-]+|\w+: .*?) -->.*?<!-- end -->", re.DOTALL)
    typed = re.compile(r"\d(?: %| points)? \([+−]?\d[\d.]* to [+−]?\d")
    for file in [ROOT / "README.md", *DOCS.glob("*.md")]:
        assert not typed.search(filled.sub("", file.read_text())), file


def test_the_way_in_is_short():
    """README and the results together, beside code, addresses and what divides tables' cells."""
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= 80
    text = re.sub(
        r"```.*?```|<!--.*?-->|(?<=\])\(.*?\)",
        "",
        readme + (DOCS / "results.md").read_text(),
        flags=re.S,
    )
    words = re.findall(r"\S*\w\S*", text)
    assert len(words) <= 2200
    assert sum(map(bool, (re.search(r"\d", word) for word in words))) <= len(words) / 12


def test_neurons_that_can_be_named_can_be_made():
    assert set(NEURONS) == set(NEURON_STYLES)


def package_of(file: Path) -> str:
    """A folder, or a module of the studies' code beside them; the library's own modules are one."""
    root = next(root for root in ("src/spikegrad", "workflow/study") if root in str(file))
    part = file.relative_to(ROOT / root).parts[0]
    return root if root.startswith("src") and part.endswith(".py") else f"{root}/{part}"


def test_imports_go_one_way():
    """The library knows nothing of studies, and no two packages know each other."""
    files = {}
    for root in (ROOT / "src/spikegrad", ROOT / "workflow/study"):
        for file in root.rglob("*.py"):
            module = ".".join(file.relative_to(root.parent).with_suffix("").parts)
            files[module.removesuffix(".__init__")] = file
    del files["study"]  # which is empty
    imports: dict[str, set[str]] = defaultdict(set)
    for file in files.values():
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in files else node.module for name in names]
            others = {package_of(files[name]) for name in names if name in files}
            imports[package_of(file)] |= others - {package_of(file)}
    assert {"src/spikegrad/engine", "workflow/study/claims"} <= imports.keys()
    TopologicalSorter(imports).prepare()  # CycleError names a circle
    for package in filter(lambda package: package.startswith("src/"), imports):
        assert all(other.startswith("src/") for other in imports[package]), package


def closure(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Whatever leads to whatever, by one edge or several."""
    names = {name for edge in edges for name in edge}
    for middle in names:
        before = {a for a, b in edges if b == middle}
        edges = edges | set(product(before, {b for a, b in edges if a == middle}))
    return edges


def test_the_drawing_of_the_rules_is_true(tmp_path: Path):
    """All rules of the demo but those that users ask for; its edges are those of Snakemake's plan,
    which shows nothing behind the search's checkpoint."""
    page = (ROOT / "CONTRIBUTING.md").read_text()
    (drawn,) = re.findall(r"```mermaid\nflowchart TD\n(.*?)```", page, re.DOTALL)
    edges = set()
    for line in drawn.splitlines():
        ways = re.split(r" (<?-->) ", line.strip())
        for before, arrow, after in zip(ways[:-2:2], ways[1::2], ways[2::2], strict=True):
            found = set(product(before.split(" & "), after.split(" & ")))
            edges |= found | {(b, a) for a, b in found if arrow == "<-->"}
    options = ("--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path))
    demo = (*options, "--configfile", str(ROOT / "config/demo.yaml"))
    rules = {line.split(" (")[0] for line in snakemake(ROOT, *demo, "--list").stdout.splitlines()}
    asked = (ROOT / "workflow/rules/stages.smk").read_text()
    asked_for = {"all", "default", *re.findall(r"^rule (\w+):", asked, re.MULTILINE)}
    assert set(re.findall(r"\w+", drawn)) == rules - asked_for
    plan = snakemake(ROOT, *demo, "--rulegraph").stdout
    names = dict(re.findall(r"(\d+)\[label = \"(\w+)\"", plan))
    planned = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", plan)}
    shown = {name for edge in planned for name in edge} - {"default"} | {"search_trials"}
    planned = {edge for edge in planned if shown.issuperset(edge)}
    assert len(planned) > 20
    planned |= {edge for edge in edges if "search_trials" in edge}
    assert closure({edge for edge in edges if shown.issuperset(edge)}) == closure(planned)


def test_what_newcomers_are_shown_is_there():
    table = (ROOT / "CONTRIBUTING.md").read_text().split("## Where things are")[1].split("\n## ")[0]
    for path in re.findall(r"`((?:src|workflow|config|docs)/[\w./-]+)`", table):
        assert (ROOT / path).exists(), path
