"""Tables that compare published studies, for a page in the folder above theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from study.claims.again import JUDGED
from study.claims.estimates import Verdict
from study.claims.judge import STATEMENTS
from study.report.facts import excluded, gain_with_interval, readings
from study.report.numbers import (
    count_with_unit,
    estimate_with_interval,
    markdown_table,
    points,
    share,
    with_interval,
)
from study.report.page import answers
from study.report.rendered import PAGE
from study.report.score_facts import HELD_OUT, lead
from study.report.search_facts import shared_settings
from study.report.study_tables import CONFIG, StudyTables

PAPERS = ("2606.03935", "2405.15539")
SHD_TESTED = (4, 5)
"""The speakers whom SHD's test words have and its training words have not."""


def verdicts(studies: Sequence[StudyTables]) -> str:
    """The papers' words beside our statements, what the first study says and what the others do."""
    first, *others = (
        {own.statement: own for paper in PAPERS for own in answers(study, paper) if own.cases}
        for study in studies
    )
    header = ["the paper's words", "our statement", "here", "number (95 %)"]
    rows = []
    for statement in filter(first.__contains__, STATEMENTS):
        answer = first[statement]
        judged = "**supported**" if answer.verdict == Verdict.SUPPORTED else str(answer.verdict)
        judged += "" if answer.confirmatory else ", exploratory"
        apart = "readings differ" if readings(answer) else excluded(answer)
        row = [
            f"“{statement.quote}”",
            statement.short,
            judged + (f" ({apart})" if apart else ""),
            estimate_with_interval(answer.cases[0], statement.unit),
        ]
        found = {own[statement].verdict for own in others if statement in own}
        rows.append([*row, ", ".join(v for v in Verdict if v in found)] if others else row)
    return markdown_table([*header, "elsewhere"] if others else header, rows)


def leads(studies: Sequence[StudyTables]) -> str:
    """Test accuracy, QIF minus LIF, in points with the interval; the same of the two speakers whom
    SHD tests with, and of training words in the last epoch."""
    header = ["study", "over", "QIF − LIF (points)", "SHD's new speakers", "in training"]
    return markdown_table(header, (row for study in studies for row in _leads(study)))


def _leads(study: StudyTables) -> Iterator[list[str]]:
    """The rows of a study: another where its winners were tested on other speakers, too."""
    speakers = study.table("training/scores/speakers.csv")
    speakers = speakers[speakers["speaker"].isin(SHD_TESTED)]
    of_speaker = speakers.groupby(["neuron", "speaker"])["accuracy"].mean()
    tested, trained = (
        points(means["qif"] - means["lif"])
        for means in (
            of_speaker.groupby("neuron").mean(),
            study.runs.groupby("neuron")["train_accuracy"].mean(),
        )
    )
    found = lead(study)
    shown = with_interval(found.value, found.low, found.high, show=points)
    yield [link_to(study), count_with_unit(found.n, found.unit), shown, tested, trained]
    for case in study.claims[study.claims["case"] == HELD_OUT].itertuples():
        shown = with_interval(case.estimate, case.low, case.high, show=points)
        yield ["on other speakers", count_with_unit(case.n, case.unit), shown, "", ""]


def failures(studies: Sequence[StudyTables]) -> str:
    """Trials that failed, and validation accuracies at the settings that all searches begin with:
    QIF minus LIF, of all and of those where LIF's rate is bounded."""
    header = [
        *("study", "LIF's trials that failed", "QIF's", "same settings: QIF − LIF (points)"),
        "small recurrent weights",
    ]
    rows = []
    for study in studies:
        trials = study.table("search/summary/trials.parquet")
        failed = trials.groupby("neuron")["failed"].mean()
        first = shared_settings(study)
        means = [
            own.pivot_table("rung0_accuracy", index="search", columns="neuron")
            for own in (first, first[first["bounded"]])
        ]
        gains = (gain_with_interval(own, "lif", "qif") for own in means)
        rows.append([link_to(study), share(failed["lif"]), share(failed["qif"]), *gains])
    return markdown_table(header, rows)


def catalogue(studies: Sequence[StudyTables]) -> str:
    """What each study asks, what came out, and how to do it again."""
    rows = []
    for study in studies:
        units = difference = ""
        if study.has(CONFIG) and study.has("training/scores/runs.csv"):
            found = lead(study)
            units = count_with_unit(found.n, found.unit)
            difference = with_interval(found.value, found.low, found.high, show=points)
        about, name = study.about, study.folder.name
        if study.has("unfinished"):
            state = "running"
        else:
            state = "finished" if study.has(JUDGED) else "archive"
            pages = [*study.folder.glob(PAGE), *study.folder.glob(f"*/{PAGE}")]
            name = f"[{name}]({pages[0].relative_to(study.folder.parent)})"
        asked = [about["question"], units, difference, state]
        rows.append([name, *asked, about["jobs"], f"`{about['command']}`"])
    header = ["study", "question", "over", "QIF − LIF (points)", "state", "commit"]
    return markdown_table([*header, "`snakemake --cores all ...`"], rows)


def link_to(study: StudyTables) -> str:
    """A link to the study's page."""
    name = study.folder.name
    return f"[{name}](results/{name}/{PAGE})"


TABLES = {table.__name__: table for table in (verdicts, leads, failures, catalogue)}
"""What a page can have of several studies, by name."""
