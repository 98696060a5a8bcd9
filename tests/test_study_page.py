"""A study's page says what its tables say, and nothing in it is typed by hand."""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from matplotlib.figure import Figure
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from smoke import ROOT, snakemake
from spikegrad import SpikeTrains, load_network
from study.claims.again import JUDGED, judged_again
from study.claims.results import ClaimError
from study.report import facts, ntk_facts, score_facts, search_facts, variant_facts
from study.report.cost import core_hours, software
from study.report.differences import draw_differences
from study.report.numbers import (
    counted,
    criterion,
    listed,
    measured,
    number,
    percent,
    points,
    with_interval,
)
from study.report.page import page, template_of
from study.report.pages import TEMPLATES
from study.report.publish import DIFFERENCES, QUOTE, judge_published, publish, quoting
from study.report.redraw import RedrawError, redraw
from study.report.study import StudyTables
from study.statistics import units_to_decide
from study.storage.tables import read_table, write_table
from study.training.figures import draw_gains
from study.training.summary import accuracy_by_fold, minutes

RESULTS = ROOT / "docs" / "results"
KEPT = RESULTS / "heidelberg-digits"
SMOKE = Path("results/spoken-digits-smoke")
STALE = Path("networks/qif_delta_0.safetensors")
WORDS = (
    "two three four five six seven eight nine ten eleven twelve twenty dozen hundred thousand half "
    "third quarter fifth twice double triple"
)


def cells(table: str) -> dict[str, list[str]]:
    """The rows of a Markdown table by their first cell."""
    lines = [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()]
    return {first: rest for first, *rest in lines}


@pytest.fixture(scope="module")
def published(finished: Path) -> Path:
    target, stale = finished / "docs" / SMOKE, finished / SMOKE / STALE
    stale.write_text("of a neuron model that the study has left out since")
    with contextlib.chdir(finished):
        publish(SMOKE, target, "a commit")
    stale.unlink()
    return target


def test_what_the_study_has_left_out_is_not_published(published: Path) -> None:
    assert (published / STALE).with_name("lif_0.safetensors").exists()
    assert not (published / STALE).exists()


def links(file: Path) -> set[str]:
    found = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", file.read_text())
    return {link for link in found if not link.startswith("http")}


def test_an_undecided_result_says_what_it_excludes_and_what_would_decide(tmp_path: Path) -> None:
    """Of a paired t test: 34 units for an effect of half a standard deviation, as in textbooks."""
    gains = np.array([-1.0, 0.0, 1.0, 2.0]) / 100  # mean 0.005, standard deviation 0.0129
    low, high = ttest_1samp(gains, 0).confidence_interval()
    row = {"id": "qif-outperforms-lif", "case": score_facts.PRIMARY, "verdict": "undecided"}
    row |= {"estimate": gains.mean(), "low": low, "high": high, "n": 4}
    undecided, decided = StudyTables(tmp_path), StudyTables(tmp_path)
    undecided.__dict__["claims"] = pd.DataFrame([row])
    decided.__dict__["claims"] = pd.DataFrame([row | {"verdict": "supported"}])
    text = score_facts.to_decide(undecided)
    assert text.startswith("The interval excludes differences below −1.6 and above +2.6 points.")
    effect = gains.mean() / gains.std(ddof=1)
    five = units_to_decide(0.05 / gains.std(ddof=1))
    assert f"{five} folds for 5 points" in text
    assert text.endswith(f"and {units_to_decide(effect)} for the one that was found.")
    assert units_to_decide(0.5) == 34
    assert score_facts.to_decide(decided) == ""


def test_winners_of_one_search_are_compared_over_their_seeds(tmp_path: Path) -> None:
    accuracy = {"lif": [0.93, 0.92, 0.94], "qif": [0.95, 0.91, 0.96]}
    rows = [(n, s, 0, a) for n, own in accuracy.items() for s, a in enumerate(own)]
    study, several = StudyTables(tmp_path), StudyTables(tmp_path)
    runs = pd.DataFrame(rows, columns=["neuron", "seed", "search", "accuracy"])
    study.__dict__["runs"], several.__dict__["runs"] = runs, runs.assign(search=runs["seed"])
    text = score_facts.over_seeds(study)
    assert "92.0 % to 94.0 % (LIF) and 91.0 % to 96.0 % (QIF)" in text
    errors = [np.var(own, ddof=1) / 3 for own in accuracy.values()]
    freedom = sum(errors) ** 2 / sum(e**2 / 2 for e in errors)
    margin = student.ppf(0.975, freedom) * sum(errors) ** 0.5
    low, high = points(0.01 - margin), points(0.01 + margin)
    assert f"QIF minus LIF is +1.0 ({low} to {high}) points over seeds;" in text
    assert score_facts.over_seeds(several) == ""


@pytest.mark.parametrize(
    ("new", "heard", "columns"),
    [
        (0.8, 0.9, ["test", "new speakers", "heard speakers"]),
        (0.8, np.nan, ["test: new speakers"]),
        (np.nan, 0.9, ["test: heard speakers"]),
        (np.nan, np.nan, ["test"]),  # no network of the study has an answer
    ],
)
def test_speakers_stand_apart_where_tests_have_both_kinds(
    tmp_path: Path, new: float, heard: float, columns: list[str]
) -> None:
    study = StudyTables(tmp_path)
    scores = {"accuracy_unseen_speakers": new, "accuracy_seen_speakers": heard, "accuracy": 0.85}
    rest = {"train_accuracy": 0.9, "silent_fraction": 0.1, "spikes_per_neuron": 4.0}
    run = {"neuron": "lif", "search": 0, "outcome": "finished", **scores, **rest}
    study.__dict__["runs"] = pd.DataFrame([run | {"seed": seed} for seed in (0, 1)])
    epochs = pd.DataFrame({"neuron": "lif", "seed": [0, 1], "epoch": 1, "seconds": 60.0})
    (tmp_path / "training").mkdir()
    epochs.to_parquet(tmp_path / "training" / "histories.parquet")
    header = score_facts.accuracies(study).splitlines()[0]
    shown = header.strip("| ").split(" | ")
    assert shown[: shown.index("training")] == ["neuron", *columns]
    epochs[:0].to_parquet(tmp_path / "training" / "histories.parquet")  # all failed at once
    assert " | - | 2 (0) |" in score_facts.accuracies(study)


def write_trials(folder: Path, failing: dict[str, list[int]], settings: int) -> None:
    """Searches in folds that begin with the same settings; of each the last so many fail, and one
    later trial does."""
    rows = [
        {"neuron": neuron, "fold": f"{fold}", "search": fold, "generation": number // settings}
        | {"seed": number, "training.learning_rate": 0.1 * number, "failed": failed}
        | {"rung0_accuracy": np.nan if failed else 0.5 + number / 10}
        | {"validation_accuracy": 0.05 if failed else 0.9}
        for neuron, of_fold in failing.items()
        for fold, fails in enumerate(of_fold)
        for number in range(settings + 1)
        for failed in [number >= settings - fails]
    ]
    (folder / "search").mkdir()
    pd.DataFrame(rows).to_parquet(folder / "search/trials.parquet")


def test_settings_that_all_searches_begin_with_are_compared(tmp_path: Path) -> None:
    write_trials(tmp_path, {"lif": [3, 4], "qif": [0, 1]}, settings=5)
    trials = pd.read_parquet(tmp_path / "search/trials.parquet")
    own = (trials["neuron"] == "qif") & (trials["search"] == 1) & (trials["seed"] == 1)
    trials.loc[own, "training.learning_rate"] = 0.7  # one that only this search tried
    trials.to_parquet(tmp_path / "search/trials.parquet")
    study = StudyTables(tmp_path)
    study.__dict__["runs"] = pd.DataFrame({"neuron": ["lif", "qif"]})
    found = cells(search_facts.same_settings(study))
    assert found["neuron"][2::2] == ["all (9)", "that no model failed at (3)"]
    gains = np.array([0.7 - (1.1 + 3 * 0.05) / 5, (2.0 + 0.05 - 0.5 - 3 * 0.05) / 4])
    low, high = (points(end) for end in ttest_1samp(gains, 0).confidence_interval())
    gain = f"{points(gains.mean())} ({low} to {high})"
    assert found["QIF"] == ["1", "85.0 %", "60.6 %", gain, "52.5 %", "+0.0"]
    assert found["LIF"] == ["6", "55.0 %", "20.6 %", "", "52.5 %", ""]
    alone = StudyTables(tmp_path)
    alone.__dict__["runs"] = pd.DataFrame({"neuron": ["lif"]})
    assert search_facts.same_settings(alone) == ""


def test_steps_from_lif_to_qif_are_paired_by_fold(tmp_path: Path) -> None:
    """Speakers of a fold count alike, however many networks heard them."""
    steps = {"lif": 0.5, "lif_refractory": 0.52, "qif_cut": 0.6, "qif": 0.61}
    rows = [
        (fold, speaker, neuron, accuracy + 0.1 * int(fold) + 0.2 * speaker + extra)
        for fold in "012"
        for speaker in (0, 1)
        for neuron, accuracy in steps.items()
        for extra in ((0.0, 0.03 * int(fold)) if neuron == "qif" and speaker else (0.0,))
    ]
    (tmp_path / "training").mkdir()
    table = pd.DataFrame(rows, columns=["fold", "speaker", "neuron", "accuracy"])
    table.to_csv(tmp_path / "training" / "speakers.csv", index=False)
    study = StudyTables(tmp_path)
    study.__dict__["runs"] = pd.DataFrame({"neuron": [*steps]})
    study.__dict__["config"] = {"search": {"repeats": 1}}
    failing = {"lif": [2, 3, 4], "lif_refractory": [1, 1, 2], "qif_cut": [0, 1, 0], "qif": [0] * 3}
    write_trials(tmp_path, failing, settings=4)
    found = cells(score_facts.ladder(study))
    assert found["LIF to refractory LIF"][0] == "a bounded rate"
    gains = np.array([0.11, 0.11 + 0.0075, 0.11 + 0.015])
    low, high = (points(end) for end in ttest_1samp(gains, 0).confidence_interval())
    assert found["LIF to QIF"][1] == f"{points(gains.mean())} ({low} to {high})"
    fewer_fail = -np.array([0.25, 0.5, 0.5])
    ends = ttest_1samp(fewer_fail, 0).confidence_interval()
    stated = f"{points(fewer_fail.mean())} ({points(ends.low)} to {points(ends.high)})"
    assert found["LIF to refractory LIF"][2] == stated
    study.__dict__["config"] = {"search": None}
    assert len(cells(score_facts.ladder(study))["LIF to QIF"]) == 2
    fewer = StudyTables(tmp_path)
    fewer.__dict__["runs"] = pd.DataFrame({"neuron": ["lif", "qif"]})
    assert score_facts.ladder(fewer) == ""
    for search, shown in ((None, True), ({"repeats": 1}, False)):  # else a claim says it
        fewer.__dict__["config"] = {"search": search}
        text = score_facts.over_folds(fewer)
        assert (f" is {points(gains.mean())} ({low} to {high}) points over folds" in text) == shown


def test_what_a_published_page_names_is_published(published: Path) -> None:
    for file in (published / "README.md", published / "ntk" / "README.md"):
        named = links(file)
        assert len(named) > 8
        assert [link for link in named if not (file.parent / link).exists()] == []
        assert page(file.parent, template_of(file.parent)) == file.read_text()
        assert (file.parent / "software.yaml").exists()
    assert not list(published.parent.glob("*.part"))
    assert yaml.safe_load((published / "about.yaml").read_text()) == {"commit": "a commit"}


def test_published_studies_are_judged_again_to_the_same(published: Path, tmp_path: Path) -> None:
    """From the tables beside their pages alone: all that claims need is kept."""
    files = [*published.rglob(JUDGED), *RESULTS.rglob(JUDGED)]
    assert {file.parent.name for file in files} >= {published.name, "ntk", "sg-ntk"}
    for file in files:
        kept, again = file.with_name("claims.csv"), tmp_path / "again.csv"
        write_table(judged_again(file), again, digits=6)
        columns = [column for column in read_table(kept) if column != "files"]  # from the root
        pd.testing.assert_frame_equal(read_table(again)[columns], read_table(kept)[columns])


def test_published_figures_are_drawn_again_from_kept_tables(
    published: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(published, tmp_path / "study")
    kept = {
        Path(f"{name}.png")
        for name in (
            "training/figures/learning_curves",
            "search/figures/same_settings",
            "figures/performance",
        )
    }
    lost = {Path("figures/landscapes.png")}
    (folder / "landscape/planes.parquet").unlink()
    for figure in folder.rglob("figures/*.png"):
        figure.unlink() if figure.relative_to(folder) not in kept | lost else figure.write_bytes(
            b""
        )
    drawn, left = redraw(folder)
    assert (set(drawn), set(left)) == (kept, lost)
    for figure in kept:
        assert (folder / figure).read_bytes()[1:4] == b"PNG"
    (folder / "study.yaml").write_text("dataset: spoken-digits-smoke\nsearch: {speed: 1}\n")
    with pytest.raises(RedrawError, match=r"'search\.speed' is not a known key"):
        redraw(folder)


def test_a_study_without_landscapes_has_a_page(published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(published, tmp_path / "study")
    settings = yaml.safe_load((folder / "study.yaml").read_text())
    settings["landscape"]["seeds"] = []
    (folder / "study.yaml").write_text(yaml.safe_dump(settings))
    judged = yaml.safe_load((folder / JUDGED).read_text())
    tables = {n: [] if "landscape/" in str(f) else f for n, f in judged["tables"].items()}
    (folder / JUDGED).write_text(yaml.safe_dump(judged | {"tables": tables}))
    for made in (*folder.glob("figures/[ls]*.png"), *folder.glob("networks/roughness.csv")):
        made.unlink()
    shutil.rmtree(folder / "landscape")
    judge_published(folder)
    text = page(folder, "study.md")
    assert [name for name in links(folder / "README.md") if "landscape" in name]
    assert not re.search(r"\]\([^)]*landscape", text)
    rows = cells(text)
    performance = next(row for first, row in rows.items() if first.endswith("(#performance)"))
    assert performance[0] != "not measurable"
    assert "(#silence)" in text
    assert not re.search(r"#fragmentation|## Fragmentation", text)


def test_a_published_study_says_which_table_is_absent(published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(published, tmp_path / "study")
    (folder / "landscape" / "changes.parquet").unlink()
    with pytest.raises(ClaimError, match=r"changes\.parquet does not exist"):
        judge_published(folder)


@pytest.mark.weekly
def test_a_rule_publishes(finished: Path) -> None:
    run = snakemake(finished, "--", "publish", "publish_ntk")
    assert run.returncode == 0, run.stderr
    for name in ("spoken-digits-smoke", "sg-ntk"):
        assert (finished / "docs/results" / name / "about.yaml").exists()


def test_a_published_network_classifies_a_sample(published: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (published / "README.md").read_text(), re.S)
    files = sorted(published.glob("networks/*.safetensors"))
    assert f'"networks/{files[0].name}"' in code
    exec(compile(code.replace('"networks/', f'"{published}/networks/'), "README.md", "exec"), {})
    for file in files:
        network, about = load_network(file)
        sample = SpikeTrains.from_arrays([np.linspace(0, 0.5, 9)], [np.arange(9)], duration=0.8)
        with torch.no_grad():
            assert network(sample).logits.shape == (1, network.n_classes)
        assert about["neuron"] == file.stem.rsplit("_", 1)[0]


@pytest.mark.parametrize("name", ["study", "sg_ntk", "statements", "front", "answers"])
def test_no_number_of_a_page_is_typed(name: str) -> None:
    """Every number comes from a table or the configuration; arXiv's numbers are citations."""
    text = (TEMPLATES / f"{name}.md").read_text()
    given = r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|```.*?```|`[^`]*`|\]\([^)]*\)|arXiv [\d.]+|^#+ "
    text = re.sub(given, " ", text, flags=re.S | re.M)
    assert re.findall(rf"\S*\d\S*|\b(?:{WORDS.replace(' ', '|')})s?\b", text) == []


ARCHIVES = (
    "heidelberg-digits",
    "heidelberg-digits-joining/joining",
    "heidelberg-digits-joining-equal-counts/joining",
)
"""Pages that the workflow does not make any more."""


@pytest.mark.parametrize(
    "name",
    [
        *ARCHIVES,
        "heidelberg-digits-folds",
        "heidelberg-digits-controls",
        "heidelberg-digits-own-split",
        "heidelberg-digits-delay-line",
        "heidelberg-digits-best",
        "heidelberg-digits-best-folds",
        "sg-ntk",
    ],
)
def test_kept_pages_are_made_of_kept_tables(name: str) -> None:
    """Archives keep the page that an earlier commit made."""
    folder = RESULTS / name
    file = folder / "README.md"
    if name not in ARCHIVES:
        assert file.read_text() == page(folder, template_of(folder)), (
            "python -m study.report.publish"
        )
    assert [link for link in links(file) if not (folder / link).exists()] == []


def test_the_figure_shows_the_primary_result() -> None:
    """Points, mean and interval of the gains over folds are the claim's."""
    folder = RESULTS / "heidelberg-digits-folds"
    claims = read_table(folder / "claims.csv").set_index(["id", "case"])
    claim = claims.loc[("qif-outperforms-lif", "qif: every speaker alike")]
    axes = Figure().subplots()
    speakers = read_table(folder / "training/speakers.csv")
    draw_gains(axes, accuracy_by_fold(speakers)[["lif", "qif"]])
    _, mean, interval = (np.asarray(line.get_ydata(), float) for line in axes.lines)  # after zero
    ends = [np.nanmin(interval), *mean, np.nanmax(interval)]
    expected = 100 * claim[["low", "estimate", "high"]].to_numpy(float)
    assert ends == pytest.approx(expected, abs=1e-3)
    folds = axes.collections[0].get_offsets()[:, 1]
    assert len(folds) == claim["n"]
    assert folds.mean() == pytest.approx(100 * claim["estimate"], abs=1e-3)


def test_the_studies_differences_are_those_of_their_claims() -> None:
    """And of the study without a claim about performance, those of its text."""
    text = (ROOT / "docs/answers.md").read_text()
    names = DIFFERENCES.findall(text)[0].split()
    axes = draw_differences([RESULTS / name for name in names]).axes[0]
    lines = [np.asarray(line.get_xdata(), float) for line in axes.lines[1:]]  # after zero
    for name, dots, interval, mean in zip(names, *(lines[k::3] for k in range(3)), strict=True):
        study = StudyTables(RESULTS / name)
        claim = score_facts.primary(study)
        if claim["estimate"].notna().any():
            expected = 100 * claim[["estimate", "low", "high"]].iloc[0].to_numpy(float)
            assert [*mean, *interval] == pytest.approx(expected, abs=1e-3)
        else:
            shown = with_interval(*(mean / 100), *(interval / 100), show=points)
            assert f"QIF minus LIF is {shown} points over folds" in score_facts.over_folds(study)
        if len(dots):
            assert (len(dots), dots.mean()) == (len(study.folds), pytest.approx(mean[0]))


def test_pages_quote_what_is_kept() -> None:
    """An edit of a kept table or of a quoted number without the other is reported."""
    quotes = 0
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = file.read_text()
        quotes += len(QUOTE.findall(text))
        assert quoting(text, RESULTS) == text, f"{file}: run python -m study.report.publish"
    assert quotes > 4


def test_a_number_is_had_again_as_the_list_of_studies_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (RESULTS / "README.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.S)
    monkeypatch.chdir(ROOT)
    exec(code, {})
    found = capsys.readouterr().out.strip().replace("-", "−")
    page = (RESULTS / "heidelberg-digits-folds/README.md").read_text()
    assert f"{found} points, QIF − LIF" in page


def test_another_verdict_turns_the_page_and_readme(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    study = RESULTS / re.findall("<!-- (.*)/front -->", readme)[0]
    folder = shutil.copytree(study, tmp_path / study.name)
    claims = pd.read_csv(folder / "claims.csv")
    own = (claims["id"] == "qif-outperforms-lif") & (claims["case"] == "qif: every speaker alike")
    assert claims.loc[own, "verdict"].tolist() == ["undecided"]
    claims.loc[own, "verdict"] = "supported"
    claims.to_csv(folder / "claims.csv", index=False)
    statement = "QIF networks perform better than LIF networks after a thorough search for both"
    assert f"| [{statement}](#performance) | supported |" in page(folder, "answers.md")
    front = quoting(readme, tmp_path).split("<!-- end -->")[0]
    assert front != readme.split("<!-- end -->")[0]
    better = r"\* {}:.* QIF networks perform better"
    assert re.search(better.format("supported"), front)
    assert re.search(better.format("undecided"), readme)
    assert not re.search(better.format("supported"), readme)


def test_nothing_undecided_stands_in_bold() -> None:
    for file in [ROOT / "README.md", *RESULTS.rglob("*.md")]:
        bold = re.findall(r"\*\*(.+?)\*\*", file.read_text())
        assert not re.search("LIF|QIF|better|more", " ".join(bold)), file


def test_accuracies_are_means_over_searches_with_t_intervals() -> None:
    runs = pd.read_csv(KEPT / "training" / "runs.csv")
    table = cells(score_facts.accuracies(StudyTables(KEPT)))
    for neuron, label in (("lif", "LIF"), ("qif", "QIF"), ("qif_delta", "δ-QIF")):
        own = runs[runs["neuron"] == neuron]
        means = own.groupby("search")["accuracy"].mean()
        ends = ttest_1samp(means, 0).confidence_interval()
        low, high = 100 * ends.low, 100 * ends.high
        assert table[label][0] == f"{100 * means.mean():.1f} % ({low:.1f} to {high:.1f})"
        diverged = (own["outcome"] != "finished").sum()
        assert table[label][-1] == f"{len(own)} ({diverged})"


def test_the_speakers_of_a_fold_count_alike(published: Path, finished: Path) -> None:
    folder = finished / SMOKE / "training"
    runs = pd.read_csv(folder / "runs.csv")[["neuron", "seed", "fold"]]
    samples = pd.read_parquet(folder / "qif" / "samples.parquet").merge(runs)
    samples["right"] = samples["label"].astype(str) == samples["prediction"].astype(str)
    table = cells(score_facts.by_fold(StudyTables(published)))
    neuron, spikes = (table["fold"].index(f"{kind}: QIF") for kind in ("test", "spikes a neuron"))
    assert samples["unseen_speaker"].all()
    for fold, own in samples.groupby("fold"):
        right = own.groupby("speaker")["right"].mean()
        assert table[fold][0] == listed(right.index)
        assert table[fold][neuron] == f"{100 * right.mean():.1f} %"
        assert table[fold][spikes] == f"{own['spikes_per_neuron'].mean():.1f}"


def test_landscapes_show_means_and_medians_of_networks() -> None:
    table = pd.read_csv(KEPT / "landscape" / "measures.csv")
    own = table[(table["state"] == "trained") & (table["neuron"] == "qif")]["word_minima"]
    found = cells(facts.landscapes(StudyTables(KEPT), "trained"))
    mean, median = found["minima of a single sample's loss"][1].split("; ")
    assert mean.startswith(f"{own.mean():.3g} (")
    assert float(median) == pytest.approx(own.median(), rel=1e-2)


def test_of_two_networks_landscapes_show_both(tmp_path: Path) -> None:
    table = pd.DataFrame({"state": "trained", "neuron": "lif", "seed": [0, 1, 2]})
    table["word_minima"] = [0.5, 2.25, 4.0]
    (tmp_path / "landscape").mkdir()
    for n, shown in ((2, "0.5, 2.25"), (3, "2.25 (−2.1 to 6.6); 2.25")):
        table[:n].to_csv(tmp_path / "landscape" / "measures.csv", index=False)
        study = StudyTables(tmp_path)
        study.__dict__["runs"] = pd.DataFrame({"neuron": ["lif"]})
        assert cells(facts.landscapes(study, "trained"))[facts.MEASURES["word_minima"]] == [shown]


@pytest.fixture
def study(tmp_path: Path) -> StudyTables:
    """A study of few tables."""
    for folder in ("training", "networks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "training/runs.csv").write_text(
        "neuron,search,seed,outcome,epochs,validation_accuracy,accuracy_unseen_speakers\n"
        "lif,0,0,finished,3,0.9,0.3\nlif,0,1,overflow,1,0.8,0.9\n"
        "lif,1,2,finished,5,0.7,0.5\nqif,0,0,finished,9,0.6,0.7\n"
    )
    histories = [("lif", 0, 0.5), ("lif", 1, 0.5), ("lif", 2, 0.5), ("qif", 0, 1.0)]
    columns = ["neuron", "seed", "train_accuracy"]
    table = pd.DataFrame(histories, columns=columns).assign(epoch=1)
    table.to_parquet(tmp_path / "training/histories.parquet")
    return StudyTables(tmp_path)


def test_a_network_that_failed_at_once_counts(study: StudyTables) -> None:
    file = study.folder / "training/histories.parquet"
    histories = pd.read_parquet(file)
    histories[histories["seed"] != 2].to_parquet(file)
    runs = study.runs.set_index(["neuron", "seed"])
    assert len(runs) == 4
    assert np.isnan(runs.loc[("lif", 2), "train_accuracy"])
    assert runs.loc[("lif", 0), "train_accuracy"] == 0.5


def test_models_that_were_not_measured_are_left_out(study: StudyTables) -> None:
    rows = [("none", 0, "lif", 0.9)]
    table = pd.DataFrame(rows, columns=["change", "by", "neuron", "accuracy"])
    table.to_csv(study.folder / "networks/robustness.csv")
    assert cells(facts.robustness(study))["as they are"] == ["90 %"]


def test_robustness_is_the_mean_over_networks(study: StudyTables) -> None:
    networks = ["lif_0", "lif_1", "qif_0"]
    rows = [("none", 0, 0.9, 0.8, 0.7), ("channels moved by", -20, 0.25, 0.375, 0.5)]
    rows += [("channels moved by", 20, 0.5, 0.375, 0.75)]
    wide = pd.DataFrame(rows, columns=["change", "by", *networks])
    long = wide.melt(["change", "by"], var_name="network", value_name="accuracy")
    long = long.assign(neuron=long["network"].str[:3], network=long["network"] + ".safetensors")
    long.to_csv(study.folder / "networks/robustness.csv")
    table = cells(facts.robustness(study))
    assert table["as they are"] == ["85 %", "70 %"]
    assert table["channels moved by 20"] == ["38 %", "62 %"]


def test_a_network_that_has_hardly_trained_is_named(study: StudyTables) -> None:
    assert score_facts.early(study) == "LIF with seed 1"


def test_what_earlier_settings_made_is_not_shown(tmp_path: Path) -> None:
    """A page is of what the study now has, whatever else lies in its folder."""
    rows = "change,to,neuron,search,outcome,accuracy\nsize,,lif,0,finished,0.5\n"
    files = {
        "variants/size.csv": rows,
        "variants/drive.csv": rows.replace("size", "drive"),
        "variants/figures/variants_size.png": "",
        "variants/figures/variants_drive.png": "",
        "networks/roughness.csv": "",
        "networks/robustness.csv": "",
        "networks/lif_0.safetensors": "",
        "networks/qif_delta_0.safetensors": "",
        "landscape/changes.parquet": "",
        "training/runs.csv": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    now = {"variants": {"size": {}}, "measures": ["roughness"]}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({**now, "landscape": {"seeds": []}}))
    study = StudyTables(tmp_path)
    study.__dict__["neurons"] = ["lif", "qif"]
    assert [*study.variants] == ["size"]
    assert study.lower("networks/*.safetensors") == ["networks/lif_0.safetensors"]
    assert study.lower("variants/figures/*.png") == ["variants/figures/variants_size.png"]
    assert study.lower("networks/ro*.csv") == ["networks/roughness.csv"]
    shown = [name for name in files if study.has(name) and not name.startswith("variants")]
    kept = ["networks/roughness.csv", "networks/lif_0.safetensors", "training/runs.csv"]
    assert shown == kept


def test_changes_are_means_over_runs(tmp_path: Path) -> None:
    lif = {"change": "size", "neuron": "lif", "outcome": ["finished", "overflow", "finished"]}
    lif |= {"to": ["256 neurons", "256 neurons", ""], "accuracy": [0.9, 0.8, 0.7]}
    lif |= {"accuracy_unseen_speakers": 0.6, "train_accuracy": 1.0}
    lif |= {"spikes_per_neuron": 8.0, "minutes": [20, 40, 6]}
    qif = {"change": "size", "neuron": "qif", "outcome": ["overflow"], "to": ["256 neurons"]}
    (tmp_path / "variants").mkdir()
    runs = pd.concat([pd.DataFrame(lif), pd.DataFrame(qif)])
    runs.to_csv(tmp_path / "variants" / "size.csv")
    (tmp_path / "study.yaml").write_text("variants: {size: {changes: {256 neurons: {}}}}")
    table = cells(variant_facts.variants(StudyTables(tmp_path))["size"])
    both = "85.0, 60.0 % (100 %, 8.0, 30.0 min)† ×2"
    assert table["256 neurons"] == [both, "no epoch came to its end"]
    assert table["size"] == ["70.0, 60.0 % (100 %, 8.0, 6.0 min)", "-"]


def test_a_training_that_waited_or_was_killed_has_not_taken_longer() -> None:
    epochs = {"epoch": range(6), "seconds": [7.0, 60.0, 61.0, 3600.0, 60.0, 5.0]}
    assert minutes(pd.DataFrame(epochs)) == 5.0


def test_core_hours_are_those_of_the_benchmark_tables(tmp_path: Path) -> None:
    measured = {
        "search/lif/0": 1800.0,
        "search/qif/0": 3600.0,
        "prepare": 360.0,
        "variants/size/256-neurons/lif/0": 720.0,
        "variants/size/256-neurons/lif/1": 720.0,
    }
    for name, seconds in measured.items():
        file = tmp_path / f"{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\tcpu_time\n1.0\t{seconds}\n")
    table = core_hours(tmp_path).set_index("family")
    hours = {"data": 0.1, "search": 1.5, "variants": 0.4, "all": 2.0}
    assert table["core_hours"].to_dict() == pytest.approx(hours)
    assert table["jobs"].to_dict() == dict(zip(hours, (1, 2, 2, 5), strict=True))


def test_the_budget_adds_up_searches(study: StudyTables) -> None:
    """Those whose winners were trained: a folder that is left from before has none."""
    searches = {("lif", 0): 31000, ("lif", 1): 20000, ("lif", 2): 7, ("qif", 0): 32000}
    for (neuron, search), used in searches.items():
        file = study.folder / f"search/{neuron}/{search}/best.yaml"
        file.parent.mkdir(parents=True)
        found = {"presentations": {"allotted": 32000, "used": used, "finalists": 400}}
        file.write_text(yaml.safe_dump(found))
    trials = {"neuron": ["qif", "qif", "lif"], "failed": [True, False, True]}
    table = pd.DataFrame(trials | {"presentations": [10, 30, 100]})
    table.to_parquet(study.folder / "search/trials.parquet")
    table = cells(search_facts.budget(study))
    assert table["LIF"] == ["64,000", "51,000", "800", "100 %"]
    assert table["QIF"] == ["32,000", "32,000", "400", "25 %"]


def test_the_page_names_processors_and_no_machine(study: StudyTables) -> None:
    found = software(["node7: znver5", "node3: znver4", "node1: znver5"])
    (study.folder / "software.yaml").write_text(yaml.safe_dump(found))
    shown = facts.software(study).split("; ")
    assert shown[1:] == ["`znver4` (1 network)", "`znver5` (2 networks)"]
    assert f"numpy {np.__version__}" in found["packages"]


def test_numbers_are_written_as_readers_know_them() -> None:
    case = {"estimate": -0.0382, "low": -0.5, "high": 0.444}
    assert measured(case, "points, LIF − QIF") == "−3.8 (−50.0 to +44.4) points, LIF − QIF"
    assert measured(case) == "−0.0382 (−0.5 to 0.444)"
    assert measured({**case, "low": -3.1}, "points") == "−3.8 (−100.0 to +44.4) points"
    assert measured({**case, "low": -np.inf, "high": np.inf}, "points") == "−3.8 points"
    assert [counted(n, "searches") for n in (0, 1, 2)] == ["0 searches", "1 search", "2 searches"]
    assert counted(1, "isolated changes") == "1 isolated change"
    assert counted(1, "groups of speakers") == "1 group of speakers"
    assert counted(6018, "folds") == "6,018 folds"
    assert measured({**case, "estimate": np.nan}) == "nothing to measure"
    assert measured({"estimate": 0.5, "low": 0.5, "high": 0.5}, "nats") == "0.5 nats"
    assert measured({**case, "unit": "depths"}) == "−0.0382 (range −0.5 to 0.444)"
    assert criterion({"criterion": "> 0.05"}, "% of the changes") == "> 5 %"
    assert criterion({"criterion": "< -0.01"}, "points") == "< −1"
    assert number(47879.3) == "47,879"
    assert [number(v) for v in (1e-9, -2.34e-11, 2e7)] == ["10⁻⁹", "−2.34 × 10⁻¹¹", "2 × 10⁷"]
    assert number(-np.inf) == "−∞"
    assert percent({"mean": 0.9, "low": 0.7, "high": 1.0}) == "90.0 % (70.0 to 100.0)"
    assert percent({"mean": 0.9, "low": 0.0, "high": 1.0}) == "90.0 %"
    assert percent({"mean": 0.9, "low": -np.inf, "high": np.inf}) == "90.0 %"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_runs_that_met_a_limit_of_the_machine_are_named(study: StudyTables) -> None:
    (study.folder / "search").mkdir()
    trials = pd.DataFrame({"neuron": ["lif"] * 2 + ["qif"], "outcome": "finished"})
    runs = trials.assign(outcome=["memory", "overflow", "finished"])
    trials.to_parquet(study.folder / "search/trials.parquet")
    trials.to_parquet(study.folder / "search/finalists.parquet")
    assert search_facts.limited(study) == ""
    runs.to_parquet(study.folder / "search/finalists.parquet")
    assert search_facts.limited(StudyTables(study.folder)) == "1 of 2 runs of finalists of LIF"


def test_trials_are_counted_below_and_above_the_critical_scale(study: StudyTables) -> None:
    (study.folder / "search").mkdir()
    key = "network.init.recurrent_scale"
    rows = [
        ("lif", 0, 1.0, "finished", 0.5, 9), ("lif", 0, 2.0, "overflow", 0.7, 4),
        ("lif", 1, 2.82, "finished", 0.3, 9), ("lif", 1, 2.83, "overflow", np.nan, 0),
        ("qif", 0, 9.0, "not finite", 0.2, 1), ("qif", 0, 0.1, "running", 0.6, 3),
    ]  # fmt: skip
    names = ["neuron", "search", key, "outcome", "validation_accuracy", "epochs"]
    pd.DataFrame(rows, columns=names).to_parquet(study.folder / "search/trials.parquet")
    lines = [line.strip("| ").split(" | ") for line in search_facts.recurrence(study).splitlines()]
    assert lines[2:] == [
        ["LIF", "below 2√2", "3", "0", "1", "2", "50.0 %"],  # of the best of two searches
        ["LIF", "above 2√2", "1", "1", "0", "0", "0.0 %"],
        ["QIF", "below 2√2", "1", "0", "0", "0", "60.0 %"],
        ["QIF", "above 2√2", "1", "0", "0", "0", "20.0 %"],
    ]


def test_runaways_and_the_best_of_trials_and_finalists(study: StudyTables) -> None:
    (study.folder / "search").mkdir()
    names = ["neuron", "search", "number", "outcome", "validation_accuracy"]
    trials = [("lif", 0, 0, "overflow", 0.2), ("lif", 0, 1, "finished", 0.4),
              ("lif", 1, 0, "overflow", 0.6), ("lif", 1, 1, "overflow", 0.5),
              ("qif", 0, 0, "finished", 0.7)]  # fmt: skip
    finalists = [("lif", 0, 1, "finished", 0.3), ("lif", 0, 1, "finished", 0.5),  # of inner folds
                 ("lif", 1, 0, "finished", 0.9), ("lif", 1, 0, "overflow", np.nan),
                 ("lif", 1, 1, "finished", 0.6), ("lif", 1, 1, "finished", 0.5),
                 ("qif", 0, 0, "finished", 0.7)]  # fmt: skip
    for name, rows in (("trials", trials), ("finalists", finalists)):
        table = pd.DataFrame(rows, columns=names).assign(validation_loss=1.0)
        table.to_parquet(study.folder / f"search/{name}.parquet")
    table = cells(search_facts.short_and_long(study))
    assert table["ran away: trials"] == ["75 %", "0 %"]
    assert table["ran away: networks"] == ["33 %", "0 %"]  # of three, and of one
    assert table["validation, best of trials"] == ["50.0 %", "70.0 %"]
    assert table["validation, best of finalists"] == ["47.5 %", "70.0 %"]


def test_new_speakers_have_their_share_of_the_test(study: StudyTables) -> None:
    (study.folder / "data").mkdir()
    (study.folder / "data/summary.csv").write_text(
        'group,samples\ntraining,500\n"test, new speakers",30\n"test, known speakers",10\n'
    )
    assert score_facts.new_share(study) == "75 %"


def test_tested_speakers_whom_training_has_heard_are_counted_once(study: StudyTables) -> None:
    (study.folder / "training/speakers.csv").write_text(
        "speaker,unseen_speaker,neuron\n0,False,lif\n0,False,qif\n1,False,lif\n4,True,lif\n"
    )
    assert score_facts.heard(study) == "2 of 3"


def test_the_nearest_other_kernel_is_that_of_the_least_distance(tmp_path: Path) -> None:
    (tmp_path / "two_hidden").mkdir()
    rows = [
        ("SG-NTK", 0.01, np.nan), ("NNGP", 0.3, 9.0), ("two-sided", 0.2, 4.04), ("SG-NTK", 9, 0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["kernel", "rms", "advantage_z"])
    table = table.assign(at="same time", step=[5, 5, 5, 0], width=100, n_networks=7, noise=0.0123)
    table.to_csv(tmp_path / "two_hidden/distances.csv", index=False)
    row = ntk_facts.nearest(StudyTables(tmp_path)).splitlines()[2].strip("| ").split(" | ")
    assert row == ["two hidden", "100", "7", "0.010", "0.200", "0.300", "-", "-", "0.012",
                   "two-sided", "+4.0"]  # fmt: skip
