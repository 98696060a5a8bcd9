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
from scipy.stats import ttest_1samp

from smoke import ROOT, snakemake
from spikegrad import ConfigError, SpikeTrains, load_network
from study.claims.again import JUDGED, judged_again
from study.environment import TEMPLATES
from study.report import score_facts, search_facts, variant_facts
from study.report.comparison import failures, leads
from study.report.cost import core_hours
from study.report.differences import draw_differences
from study.report.numbers import (
    count_with_unit,
    criterion,
    estimate_with_interval,
    join_words,
    mean_percent,
    number,
    points,
    with_interval,
)
from study.report.page import page, template_of
from study.report.publish import (
    COMPARED,
    DIFFERENCES,
    QUOTE,
    judge_published,
    publish,
    update_quotes,
)
from study.report.redraw import redraw
from study.report.study_tables import StudyTables
from study.storage.tables import read_table, write_table
from study.training.scores import minutes

RESULTS = ROOT / "docs" / "results"
KEPT = RESULTS / "earlier"
SMOKE = Path("results/spoken-digits-smoke")
STALE = Path("variants/scores/left_out/runs.csv")
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
    stale.parent.mkdir()
    stale.write_text("of a variant that the study has left out since")
    with contextlib.chdir(finished):
        publish(SMOKE, target, "a commit")
    shutil.rmtree(stale.parent)
    return target


def links(file: Path) -> set[str]:
    found = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", file.read_text())
    return {link for link in found if not link.startswith("http")}


def test_settings_that_all_searches_begin_with_are_compared(tmp_path: Path) -> None:
    """Of five settings the last ones fail, the very last without an epoch; one later trial is of no
    two searches."""
    failing = {("lif", 0): 3, ("lif", 1): 4, ("qif", 0): 0, ("qif", 1): 1}
    rows = [
        {"neuron": neuron, "search": search, "generation": k // 5, "seed": k, "failed": failed}
        | {"training.learning_rate": 0.7 if (neuron, search, k) == ("qif", 1, 1) else 0.1 * k}
        | {"rung0_accuracy": np.nan if failed else 0.5 + k / 10}
        | {"validation_accuracy": 0.9 if not failed else 0.05 if k < 4 else 0.0}
        | {"network.init.recurrent_scale": 1.0 + k}
        for (neuron, search), fails in failing.items()
        for k in range(6)
        for failed in [k >= 5 - fails]
    ]
    for folder in ("search/summary", "data/statistics"):
        (tmp_path / folder).mkdir(parents=True)
    pd.DataFrame({"classes": [20, 19]}).to_csv(tmp_path / "data/statistics/summary.csv")
    pd.DataFrame(rows).to_parquet(tmp_path / "search/summary/trials.parquet")
    study, alone = StudyTables(tmp_path), StudyTables(tmp_path)
    study.__dict__["neurons"], alone.__dict__["neurons"] = ["lif", "qif"], ["lif"]
    found = cells(search_facts.same_settings(study))
    assert found["neuron"][2::2] == ["all (9)", "recurrent scale below 2√2 (3)"]
    gains = np.array([0.7 - (1.1 + 3 * 0.05) / 5, (2.0 + 0.05 - 0.5 - 3 * 0.05) / 4])
    low, high = (points(end) for end in ttest_1samp(gains, 0).confidence_interval())
    gain = f"{points(gains.mean())} ({low} to {high})"
    assert found["QIF"] == ["1", "85.0 %", "60.6 %", gain, "52.5 %", "+0.0"]
    assert found["LIF"] == ["6", "55.0 %", "20.6 %", "", "52.5 %", ""]
    assert search_facts.same_settings(alone) == ""


def test_what_a_published_page_names_is_published(published: Path) -> None:
    for file in (published / "README.md", published / "ntk" / "README.md"):
        named = links(file)
        assert len(named) > 8
        assert [link for link in named if not (file.parent / link).exists()] == []
        assert page(file.parent, template_of(file.parent)) == file.read_text()
        assert (file.parent / "software.yaml").exists()
    assert list(published.glob("variants/scores/*/runs.csv"))
    assert not (published / STALE).exists()
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
    kept = {Path("search/figures/same_settings.png"), Path("figures/performance.png")}
    lost = {Path("figures/landscapes.png")}
    (folder / "landscape/surfaces/planes.parquet").unlink()
    for figure in folder.rglob("figures/*.png"):
        figure.unlink()
    for figure in kept | lost:
        (folder / figure).touch()
    drawn, left = redraw(folder)
    assert (set(drawn), set(left)) == (kept, lost)
    for figure in kept:
        assert (folder / figure).read_bytes()[1:4] == b"PNG"
    (folder / "study.yaml").write_text("dataset: shd\nnetwork: {tau: -1.0}\n")
    with pytest.raises(ConfigError, match=r"network\.tau"):
        redraw(folder)


def test_a_study_without_landscapes_has_a_page(published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(published, tmp_path / "study")
    settings = yaml.safe_load((folder / "study.yaml").read_text())
    settings["landscape"]["seeds"] = []
    (folder / "study.yaml").write_text(yaml.safe_dump(settings))
    judged = yaml.safe_load((folder / JUDGED).read_text())
    tables = {n: [] if "landscape/" in str(f) else f for n, f in judged["tables"].items()}
    (folder / JUDGED).write_text(yaml.safe_dump(judged | {"tables": tables}))
    for made in (
        *folder.glob("figures/[ls]*.png"),
        *folder.glob("networks/measures/roughness.csv"),
    ):
        made.unlink()
    shutil.rmtree(folder / "landscape")
    judge_published(folder)
    text = page(folder, "study.md")
    assert [name for name in links(folder / "README.md") if "landscape" in name]
    assert not re.search(r"\]\([^)]*landscape", text)
    assert "(claims.md#qif-outperforms-lif) | undecided" in text
    assert "fragmented" not in text


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


@pytest.mark.parametrize("name", ["study", "sg_ntk", "front"])
def test_no_number_of_a_page_is_typed(name: str) -> None:
    """Every number comes from a table or the configuration; arXiv's numbers are citations."""
    text = (TEMPLATES / f"{name}.md").read_text()
    given = r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|```.*?```|`[^`]*`|\]\([^)]*\)|arXiv [\d.]+|^#+ "
    text = re.sub(given, " ", text, flags=re.S | re.M)
    assert re.findall(rf"\S*\d\S*|\b(?:{WORDS.replace(' ', '|')})s?\b", text) == []


ARCHIVES = (
    "earlier",
    "joining/joining",
    "joining-equal-counts/joining",
)
"""Pages that the workflow does not make any more."""
LIVING = ("pairs", "controls", "words", "delays", "field", "field-pairs", "sg-ntk")


@pytest.mark.parametrize("name", [*ARCHIVES, *LIVING])
def test_kept_pages_are_made_of_kept_tables(name: str) -> None:
    """Archives keep the page that an earlier commit made."""
    folder = RESULTS / name
    file = folder / "README.md"
    if name not in ARCHIVES:
        assert file.read_text() == page(folder, template_of(folder)), (
            "python -m study.report.publish"
        )
    assert [link for link in links(file) if not (folder / link).exists()] == []


def test_the_studies_differences_are_those_of_their_claims() -> None:
    """And of studies without a claim about performance, those of their text."""
    text = (ROOT / "docs/results.md").read_text()
    names = DIFFERENCES.findall(text)[0].split()
    axes = draw_differences([RESULTS / name for name in names]).axes[0]
    lines = [np.asarray(line.get_xdata(), float) for line in axes.lines[1:]]  # after zero
    for name, dots, interval, mean in zip(names, *(lines[k::3] for k in range(3)), strict=True):
        study = StudyTables(RESULTS / name)
        case = "every speaker alike" if len(study.folds) > 1 else "all voices"
        claim = study.claims.query(f"id == 'qif-outperforms-lif' and case == 'qif: {case}'")
        if np.isfinite(claim["low"]).any():
            expected = 100 * claim[["estimate", "low", "high"]].iloc[0].to_numpy(float)
            assert [*mean, *interval] == pytest.approx(expected, abs=1e-3)
        else:
            shown = with_interval(*(mean / 100), *(interval / 100), show=points)
            found = score_facts.gain_without_claim(study)
            assert f"QIF minus LIF is {shown} points over" in found
        if len(dots):
            assert (len(dots), dots.mean()) == (len(study.folds), pytest.approx(mean[0]))


def test_folds_that_validate_with_the_same_speakers_are_named() -> None:
    same = [score_facts.same_validation(StudyTables(RESULTS / own)) for own in ("pairs", "delays")]
    assert same == ["fold0 and fold1; fold4 and fold5", ""]


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("earlier", "qif: all voices"),
        ("pairs", "qif: every speaker alike"),
        ("controls", "qif: every speaker alike"),
        ("delays", "qif: every speaker alike"),
    ],
)
def test_leads_are_those_of_the_claims(name: str, case: str) -> None:
    study = StudyTables(RESULTS / name)
    judged = study.claims.query("id == 'qif-outperforms-lif' and case == @case").iloc[0]
    found = score_facts.lead(study)
    numbers = judged[["estimate", "low", "high"]].to_list()
    assert [found.value, found.low, found.high] == pytest.approx(numbers, abs=1e-5)
    row = list(cells(leads([study])).values())[2]
    mean, low, high = (points(judged[name]) for name in ("estimate", "low", "high"))
    assert row[:2] == [count_with_unit(found.n, found.unit), f"{mean} ({low} to {high})"]


def test_failures_are_those_of_the_searches_page() -> None:
    study = StudyTables(RESULTS / "pairs")
    [row] = [own for first, own in cells(failures([study])).items() if "pairs" in first]
    same, trials = (
        cells(search_facts.same_settings(study))["QIF"],
        cells(search_facts.budget(study)),
    )
    assert row[2:] == [same[3], same[5]]
    for shown, neuron in zip(row, ("LIF", "QIF"), strict=False):
        of, failed = re.findall(r"\d+", trials[neuron][0])
        assert shown == f"{100 * int(failed) / int(of):.0f} %"


def test_pages_quote_what_is_kept() -> None:
    """An edit of a kept table or of a quoted number without the other is reported."""
    quotes = 0
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = file.read_text()
        quotes += len(QUOTE.findall(text)) + len(COMPARED.findall(text))
        assert update_quotes(text, RESULTS) == text, f"{file}: run python -m study.report.publish"
    assert quotes >= 7


def test_a_number_is_had_again_as_the_list_of_studies_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (RESULTS / "README.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.S)
    monkeypatch.chdir(ROOT)
    exec(code, {})
    found = capsys.readouterr().out.strip().replace("-", "−")
    page = (RESULTS / "pairs/README.md").read_text()
    assert f"{found} points, QIF − LIF" in page


def test_accuracies_are_means_over_searches_with_t_intervals() -> None:
    runs = pd.read_csv(KEPT / "training" / "scores" / "runs.csv")
    table = cells(score_facts.accuracies(StudyTables(KEPT)))
    for neuron, label in (("lif", "LIF"), ("qif", "QIF"), ("qif_delta", "δ-QIF")):
        own = runs[runs["neuron"] == neuron]
        means = own.groupby("search")["accuracy"].mean()
        ends = ttest_1samp(means, 0).confidence_interval()
        low, high = 100 * ends.low, 100 * ends.high
        assert table[label][0] == f"{100 * means.mean():.1f} % ({low:.1f} to {high:.1f})"
        diverged = (own["outcome"] != "finished").sum()
        assert table[label][-1] == f"{len(own)} ({diverged})"


def test_changes_are_means_over_runs(tmp_path: Path) -> None:
    lif = {"change": "size", "neuron": "lif", "outcome": ["finished", "overflow", "finished"]}
    lif |= {"to": ["256 neurons", "256 neurons", ""], "accuracy": [0.9, 0.8, 0.7]}
    lif |= {"accuracy_unseen_speakers": 0.6, "train_accuracy": 1.0}
    lif |= {"spikes_per_neuron": 8.0, "minutes": [20, 40, 6]}
    qif = {"change": "size", "neuron": "qif", "outcome": ["overflow"], "to": ["256 neurons"]}
    scores = tmp_path / "variants" / "scores" / "size"
    scores.mkdir(parents=True)
    runs = pd.concat([pd.DataFrame(lif), pd.DataFrame(qif)])
    runs.to_csv(scores / "runs.csv")
    (tmp_path / "study.yaml").write_text("variants: {size: {changes: {256 neurons: {}}}}")
    table = cells(variant_facts.variant_tables(StudyTables(tmp_path))["size"])
    both = "85.0, 60.0 % (100 %, 8.0, 30.0 min)† ×2"
    assert table["256 neurons"] == [both, "no epoch came to its end"]
    assert table["size"] == ["70.0, 60.0 % (100 %, 8.0, 6.0 min)", "-"]


def test_a_training_that_waited_or_was_killed_has_not_taken_longer() -> None:
    epochs = {"epoch": range(6), "seconds": [7.0, 60.0, 61.0, 3600.0, 60.0, 5.0]}
    assert minutes(pd.DataFrame(epochs)) == 5.0


def test_core_hours_are_those_of_the_benchmark_tables(tmp_path: Path) -> None:
    size = "variants/size/256-neurons/lif"
    measured = {"search/lif/0": 1800, "search/qif/0": 3600, "prepare": 360}
    for name, seconds in {**measured, f"{size}/0": 720, f"{size}/1": 720}.items():
        file = tmp_path / f"{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\tcpu_time\n1.0\t{seconds}\n")
    table = core_hours(tmp_path).set_index("family")
    hours = {"data": 0.1, "search": 1.5, "variants": 0.4, "all": 2.0}
    assert table["core_hours"].to_dict() == pytest.approx(hours)
    assert table["jobs"].to_dict() == dict(zip(hours, (1, 2, 2, 5), strict=True))


def test_numbers_are_written_as_readers_know_them() -> None:
    """Those that no kept page has, too."""
    case = {"estimate": -0.0382, "low": -0.5, "high": 0.444}
    assert estimate_with_interval(case) == "−0.0382 (−0.5 to 0.444)"
    assert (
        estimate_with_interval({**case, "low": -3.1}, "points") == "−3.8 (−100.0 to +44.4) points"
    )
    assert (
        estimate_with_interval({**case, "low": -np.inf, "high": np.inf}, "points") == "−3.8 points"
    )
    assert estimate_with_interval({**case, "estimate": np.nan}) == "nothing to measure"
    assert estimate_with_interval({**case, "unit": "depths"}) == "−0.0382 (range −0.5 to 0.444)"
    assert [count_with_unit(n, "searches") for n in (0, 1, 6018)] == [
        "0 searches", "1 search", "6,018 searches"
    ]  # fmt: skip
    assert count_with_unit(1, "groups of speakers") == "1 group of speakers"
    assert criterion({"criterion": "> 0.05"}, "% of the changes") == "> 5 %"
    assert criterion({"criterion": "< -0.01"}, "points") == "< −1"
    found = [number(v) for v in (47879.3, 1e-9, -2.34e-11, 2e7, -np.inf)]
    assert found == ["47,879", "10⁻⁹", "−2.34 × 10⁻¹¹", "2 × 10⁷", "−∞"]
    assert mean_percent({"mean": 0.9, "low": 0.7, "high": 1.0}) == "90.0 % (70.0 to 100.0)"
    assert mean_percent({"mean": 0.9, "low": 0.0, "high": 1.0}) == "90.0 %"
    assert join_words(["a", "b", "c"]) == "a, b and c"
