"""Studies published below docs/results, and what other pages quote of them.

``python -m study.report.publish --figures docs/results/sg-ntk README.md`` judges a published study
again from its tables, draws its figures, writes its pages, and in README.md what stands between
``<!-- STUDY/TEMPLATE -->`` and ``<!-- end -->``, STUDY being a page's folder below docs/results, or
``<!-- TABLE: STUDY STUDY -->`` and ``<!-- end -->``, TABLE being one of study.report.comparison.
For ``<!-- differences of STUDY STUDY -->`` it draws differences.png and hero.png in the folder
images beside the page.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from spikegrad.files import atomic
from spikegrad.version import __version__
from study.claims.again import JUDGED, judged_again, tables_of
from study.report.claims_page import claims_page
from study.report.comparison import TABLES
from study.report.differences import draw_differences, draw_hero
from study.report.page import page, template_of
from study.report.redraw import redraw
from study.report.rendered import CLAIMS, PAGE
from study.report.study_tables import ABOUT, CONFIG, StudyTables
from study.storage.tables import read_table, write_table
from study.style import save

QUOTE = re.compile(r"(<!-- (?P<study>[\w/-]+)/(?P<template>\w+) -->\n)(.*?)(<!-- end -->)", re.S)
COMPARED = re.compile(r"(<!-- (?P<table>\w+): (?P<studies>[\w -]+) -->\n)(.*?)(<!-- end -->)", re.S)
DIFFERENCES = re.compile(r"<!-- differences of ([\w -]+) -->")
PAGES = ("README.md", "ntk/README.md")
FILES = (
    "**/*.csv",
    "**/study.yaml",
    "**/software.yaml",
    "networks/measures/samples.parquet",
    "networks/measures/silence.parquet",
    "search/summary/*.parquet",
    "search/*/*/best.yaml",
    "training/scores/histories.parquet",
)
"""What is copied of a study, or of its folder with the second paper's results, beside its pages and
the pictures on them."""
LANDSCAPE_PARTS = ["surfaces", "closeups", "census", "profiles", "gradients", "summary", "examples"]
NTK_PARTS = ("kernels/*", "comparison/*", "limits")
FOLDERS = (
    *(f"landscape/{part}" for part in LANDSCAPE_PARTS),
    *(f"{ntk}{part}" for ntk in ("", "ntk/") for part in NTK_PARTS),
)
"""With tables that figures alone are drawn from."""
SMALL = 3_000_000
"""Bytes up to which such tables are copied, too."""
PICTURE = re.compile(r"\]\(([^)\s]+\.png)\)")


def update_quotes(text: str, studies: Path) -> str:
    """The page ``text`` with what it quotes made anew, from the published ``studies``."""

    def quote(found: re.Match[str]) -> str:
        begin, study, template, _, end = found.groups()
        quoted = page(studies / study, f"{template}.md")
        return begin + re.sub(r"\]\((?=claims\.md)", f"](results/{study}/", quoted) + end

    def compare(found: re.Match[str]) -> str:
        named = [StudyTables(studies / name) for name in found["studies"].split()]
        return found[1] + TABLES[found["table"]](named) + found[5]

    return COMPARED.sub(compare, QUOTE.sub(quote, text))


def draw_page_differences(file: Path, studies: Path) -> None:
    """Draw the differences that the page in ``file`` shows, of the published ``studies``."""
    for names in DIFFERENCES.findall(file.read_text()):
        folders = [studies / name for name in names.split()]
        for name, draw in {"differences": draw_differences, "hero": draw_hero}.items():
            save(draw(folders), [str(file.parent / f"images/{name}.png")])


def commit_of(repository: Path) -> str:
    """The commit that ``repository`` stands at; the package's version where there is no git."""
    command = ["git", "-C", str(repository), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return f"version {__version__}"


def publish(results: Path, target: Path, commit: str) -> None:
    """Copy the finished study in ``results`` to ``target``, in place of what is there.

    ``commit`` names the code; about.yaml keeps it, beside what else it says already.
    """
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    pages = [results / name for name in PAGES if (results / name).exists()]
    files = {file for pattern in FILES for file in results.glob(pattern)} | {*pages}
    files |= {own.parent / name for own in pages for name in PICTURE.findall(own.read_text())}
    tables = {file for own in FOLDERS for file in results.glob(f"{own}/*.parquet")}
    files |= {file for file in tables if file.stat().st_size <= SMALL}
    for judged in results.rglob(JUDGED):
        files |= {judged, *(Path(f) for own in tables_of(judged).values() for f in own)}
    study, networks = StudyTables(results), {}
    if (results / CONFIG).exists():  # nothing of a part that the study has left out since
        files = {file for file in files if study.has(str(file.relative_to(results)))}
    if (results / "training").exists():
        networks = study.networks
    copies = {str(file.relative_to(results)): file for file in files}
    copies |= {name: results / file for name, file in networks.items()}
    for name, file in sorted(copies.items()):
        copy = part / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file in pages:
            copy.write_text(_with_published_names(file.read_text(), networks))
        else:
            shutil.copyfile(file, copy)
    for table in part.rglob("claims.csv"):
        folder, judged_in = table.parent, (results / table.relative_to(part)).parent
        (folder / CLAIMS).write_text(claims_page(read_table(table), folder, judged_in))
    about = {**StudyTables(target).about, "commit": commit}
    (part / ABOUT).write_text(yaml.safe_dump(about, sort_keys=False, allow_unicode=True))
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


def _with_published_names(text: str, networks: Mapping[str, str]) -> str:
    """The page ``text`` with its ``networks`` under the names that they are published by."""
    for name, file in networks.items():
        text = text.replace(file, name)
    return text


def judge_published(folder: Path) -> list[Path]:
    """Judge the claims of the study in ``folder`` again, if its tables are kept there.

    Returns the folders of its pages whose claims were judged.
    """
    folders = [judged.parent for judged in sorted(folder.rglob(JUDGED))]
    for beside in folders:
        claims = judged_again(beside / JUDGED)
        write_table(claims, beside / "claims.csv", digits=6)
        with atomic(beside / CLAIMS) as part:
            part.write_text(claims_page(claims, beside, beside))
    return folders


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="a published study")
    parser.add_argument("pages", type=Path, nargs="*", help="pages that quote it")
    parser.add_argument("--figures", action="store_true", help="draw its figures again, too")
    options = parser.parse_args()
    folders = judge_published(options.folder)
    if not folders:
        parser.error(
            f"{options.folder} has no {JUDGED}: it is no published study, or older than the tables"
            " that claims need, and keeps its page"
        )
    if options.figures:
        drawn, left = redraw(options.folder)
        print(f"drawn: {' '.join(map(str, drawn))}")
        print(f"left as they are, since not all their tables are kept: {' '.join(map(str, left))}")
    for file in options.pages:
        draw_page_differences(file, options.folder.parent)
    made = {folder / PAGE: page(folder, template_of(folder)) for folder in folders}
    made |= {p: update_quotes(p.read_text(), options.folder.parent) for p in options.pages}
    for file, content in made.items():
        with atomic(file) as part:
            part.write_text(content)


if __name__ == "__main__":
    main()
