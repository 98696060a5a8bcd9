"""The page of a study, in Markdown."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

from study.captions import CAPTIONS
from study.claims.judge import STATEMENTS, Answer, answer
from study.report import facts, ntk_facts, numbers, score_facts, search_facts, variant_facts
from study.report.rendered import markdown_page
from study.report.study_tables import StudyTables


def page(folder: Path, template: str) -> str:
    """The Markdown of a ``template`` with the numbers of the study in ``folder``, which has all
    tables that the template shows (FileNotFoundError)."""
    study = StudyTables(folder)
    return markdown_page(
        template,
        study=study,
        config=study.config,
        claims=study.claims,
        answers=partial(answers, study),
        facts=facts,
        scores=score_facts,
        searches=search_facts,
        variants=variant_facts,
        ntk=ntk_facts,
        numbers=numbers,
        figure=figure,
    )


def answers(study: StudyTables, paper: str) -> list[Answer]:
    """What the ``study`` says of each statement of a ``paper``."""
    fixed = study.config["criteria"]  # the day on which the readings of a study were fixed
    day = date.fromisoformat(str(fixed)) if fixed else None
    return [answer(study.claims, s, day) for s in STATEMENTS if s.paper == paper]


def figure(file: str, caption: str = "") -> str:
    """A figure of the study, with its caption below if it has one."""
    picture = f"![{Path(file).stem.replace('_', ' ')}]({file})"
    return f"{picture}\n\n*{CAPTIONS[caption]}*" if caption else picture


def template_of(folder: Path) -> str:
    """The template of the page of ``folder``; the second paper's results have their own."""
    return "study.md" if (folder / "training").exists() else "sg_ntk.md"
