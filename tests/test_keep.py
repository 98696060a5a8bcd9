"""A study's kept folder: made of its results, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ttest_ind

import answers
import carry
import keep
import pages
import plot_result
from spikegrad import SpikeTrains, load_network
from spikegrad.data.dataset import load
from validation import by_novelty


@pytest.fixture(scope="module")
def kept(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("kept")
    keep.keep_study(finished / "results/spoken-digits-smoke", target, "abc123", whole=True)
    return target


def test_the_page_names_files_that_are_kept(kept: Path) -> None:
    page = (kept / "README.md").read_text()
    named = set(re.findall(r"\]\(([^)/]+)\)", page))
    assert named <= {file.name for file in kept.iterdir()}
    assert "abc123" in page
    assert "study_0.tar.xz" in named
    assert "nan" not in page.split("## Claims")[0]


def test_a_study_without_landscapes_is_kept_without_them(
    finished: Path, kept: Path, tmp_path: Path
) -> None:
    results = tmp_path / "spoken-digits-smoke"
    for part in ("data", "figures", "search", "training", "benchmarks"):
        shutil.copytree(finished / "results/spoken-digits-smoke" / part, results / part)
    target = tmp_path / "kept"
    target.mkdir()
    for name in ("claims.csv", "landscapes.csv", "study_0.tar.xz"):  # of an earlier stop
        shutil.copy(kept / name, target)
    keep.keep_study(results, target, "abc123")
    page = (target / "README.md").read_text()
    named = set(re.findall(r"\]\(([^)/]+)\)", page))
    assert named <= {file.name for file in target.iterdir()}
    assert "Not judged yet" in page
    gone = {"claims.csv", "landscapes.csv", "landscape_census.csv", "study_0.tar.xz"}
    assert not gone & set(os.listdir(target))
    before = (kept / "README.md").read_text()
    assert page.split("## Claims")[0] == before.split("## Claims")[0]


def test_landscapes_of_the_page_are_those_of_the_profiles(finished: Path, kept: Path) -> None:
    folder = finished / "results/spoken-digits-smoke/landscape"
    profiles = pd.read_parquet(folder / "profiles.parquet")
    own = profiles[(profiles["neuron"] == "lif") & (profiles["state"] == "trained")]
    word_means = own.groupby("seed")["n_jumps"].mean()
    trained = (kept / "README.md").read_text().split("\n| trained |")[1]
    line = next(row for row in trained.splitlines() if row.startswith("| jumps of a single word"))
    assert line.split(" | ")[1].split(" ")[0] == f"{word_means.mean():.3g}"
    assert line.split(" | ")[2].split(" ")[0] == "0"  # no QIF loss jumps


def test_the_second_papers_page_tells_what_its_tables_hold(finished: Path, tmp_path: Path) -> None:
    results = finished / "results/spoken-digits-smoke"
    keep.keep_ntk(results, tmp_path, "abc123")
    page = (tmp_path / "README.md").read_text()
    named = set(re.findall(r"\]\(([^)/]+)\)", page))
    assert named <= {file.name for file in tmp_path.iterdir()}
    errors = pd.read_parquet(results / "ntk/surrogate_gradient/errors.parquet")
    ends = errors[(errors["step"] == 20) & (errors["width"] == 5)]["squared_error"]
    assert re.search(rf"^\| 2 \| 5 \|.*\| {ends.mean():.2g} \|", page, re.M)
    distances = pd.read_csv(results / "ntk/unequal_norms/distances.csv")
    at_end = distances[(distances["step"] == 20) & (distances["at"] == "same time")]
    own = at_end[at_end["width"] == 20].set_index("kernel")["rms"]
    cells = next(line for line in page.splitlines() if "unequal norms | 20" in line).split(" | ")
    assert cells[3] == f"{own['SG-NTK']:.3f}"
    assert cells[6] == f"{own['transposed']:.3f}"
    assert cells[9] == own.drop("SG-NTK").idxmin()
    judged = pd.read_csv(tmp_path / "claims.csv")
    of_study = pd.read_csv(results / "claims.csv")
    expected = of_study[of_study["paper"].str.endswith("2405.15539")]
    assert judged[["id", "case", "verdict"]].to_numpy().tolist() == (
        expected[["id", "case", "verdict"]].to_numpy().tolist()
    )


def test_archives_of_one_commit_hold_each_file_once(tmp_path: Path) -> None:
    results, target = tmp_path / "study", tmp_path / "kept"
    target.mkdir()
    for seed in range(2):
        file = results / f"training/lif/{seed}/best.safetensors"
        file.parent.mkdir(parents=True)
        file.write_bytes(bytes([seed]))
        keep.keep_whole(results, target, "abc")
    keep.keep_whole(results, target, "abc")
    files = pages.archives(target)
    assert [file.name for file in files] == ["study_0.tar.xz", "study_1.tar.xz"]
    assert [list(carry.held([file])) for file in files] == [
        [f"training/lif/{seed}/best.safetensors"] for seed in range(2)
    ]
    keep.keep_whole(results, target, "def")
    assert [file.name for file in pages.archives(target)] == ["study_0.tar.xz"]
    assert len(carry.held(pages.archives(target))) == 2


def test_a_speaker_of_the_page_has_the_accuracy_of_its_answers(finished: Path, kept: Path) -> None:
    samples = pd.read_parquet(finished / "results/spoken-digits-smoke/training/qif/samples.parquet")
    own = samples[samples["speaker"] == samples["speaker"].iloc[0]]
    right = [label == answer for label, answer in zip(own["label"], own["prediction"], strict=True)]
    rows = pd.read_csv(kept / "speakers.csv").query(
        f"neuron == 'qif' and speaker == {own['speaker'].iloc[0]}"
    )
    assert rows["answers"].sum() == len(right)
    assert rows["accuracy"] @ rows["answers"] == pytest.approx(sum(right), abs=1e-3)


def test_what_training_has_reached() -> None:
    """Of a run that was cut off its last epochs say nothing of where it would have ended."""
    rows = [
        ("qif", 0, epoch, accuracy, 0.1 * accuracy)
        for epoch, accuracy in enumerate([0.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.3, 0.5, 0.3, 0.3, 0.3])
    ] + [("lif", 1, 0, 0.1, 0.2), ("lif", 1, 1, 0.4, 0.6)]
    columns = ["neuron", "seed", "epoch", "validation_accuracy", "train_accuracy"]
    outcomes = [("qif", 0, "finished"), ("lif", 1, "overflow")]
    runs = pd.DataFrame(outcomes, columns=["neuron", "seed", "outcome"])
    qif, lif = keep.trained_out(pd.DataFrame(rows, columns=columns), runs).itertuples()
    assert qif.training_accuracy == pytest.approx(0.05)
    assert qif.late_gain == pytest.approx(0.14)
    assert lif.training_accuracy == 0.6
    assert np.isnan(lif.late_gain)


def test_a_kept_network_classifies_a_sample(kept: Path) -> None:
    files = sorted(kept.glob("*.safetensors"))
    assert files
    for file in files:
        network, about = load_network(file)
        times, channels = np.linspace(0.0, 0.5, 500), np.arange(500) % network.n_units
        sample = SpikeTrains.from_arrays([times], [channels], duration=0.8)
        assert network(sample).logits.shape == (1, network.n_classes)
        assert about["neuron"] == file.name.rsplit("_", 1)[0]


def test_core_hours_are_those_of_the_benchmark_tables(tmp_path: Path) -> None:
    for name, seconds in {"search/lif/0": 1800.0, "search/qif/0": 3600.0, "prepare": 360.0}.items():
        file = tmp_path / f"{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\tcpu_time\n1.0\t{seconds}\n")
    table = keep.core_hours(tmp_path)
    assert table["core_hours"].to_dict() == pytest.approx({"data": 0.1, "search": 1.5, "all": 1.6})
    assert table["jobs"].to_dict() == {"data": 1, "search": 2, "all": 3}


def test_the_ranking_is_welchs_over_searches() -> None:
    rng = np.random.default_rng(1)
    runs = pd.DataFrame(
        [(n, s, rng.normal(0.7 + 0.05 * (n == "qif"), 0.04)) for n in ("lif", "qif")
         for s in range(5) for _ in range(3)],
        columns=["neuron", "search", "accuracy"],
    ).assign(accuracy_unseen_speakers=lambda t: t["accuracy"] ** 2)  # fmt: skip
    first, second = pages.ranking(runs)
    means = runs.groupby(["neuron", "search"])["accuracy"].mean()
    known = ttest_ind(means["qif"], means["lif"], equal_var=False).confidence_interval()
    assert [first["low"], first["high"]] == pytest.approx([known.low, known.high])
    assert first["measure"] == "accuracy"
    assert second["measure"] == "accuracy_unseen_speakers"
    assert pages.ranking(runs[runs["neuron"] == "qif"]) == []


@pytest.mark.parametrize("gap", [0.02, 0.1, 1.0])
def test_with_the_searches_needed_the_interval_just_decides(gap: float) -> None:
    """Against SciPy's interval of groups of that size, means and spreads."""

    def decides(n: int) -> bool:
        spread = np.resize([1.0, -1.0], n) - np.mean(np.resize([1.0, -1.0], n))
        spread /= spread.std(ddof=1)
        test = ttest_ind(gap + 0.05 * spread, 0.03 * spread, equal_var=False)
        return bool(test.confidence_interval().low > 0)

    pair = np.array([1.0, -1.0]) / 2**0.5
    needed = pages.searches_needed(gap + 0.05 * pair, 0.03 * pair)
    assert needed is not None
    assert decides(needed)
    assert needed == 2 or not decides(needed - 1)
    assert pages.searches_needed(pair, pair) is None
    assert pages.searches_needed(np.full(2, gap), np.zeros(2)) == 2
    assert pages.searches_needed(np.full(2, gap), np.full(2, gap)) is None


def test_pages_quote_what_is_kept() -> None:
    """Whoever edits a kept table or a quoted number without the other is told so."""
    root = Path(__file__).parents[1]
    quoting = 0
    for file in [root / "README.md", *(root / "docs").rglob("*.md")]:
        text = file.read_text()
        quoting += len(pages.QUOTE.findall(text))
        assert pages.quoting(text) == text, f"{file}: run experiments/pages.py"
    assert quoting


def test_a_quote_is_made_anew_and_nothing_else(kept: Path) -> None:
    page = f"before\n<!-- {kept.name}/headline -->\nold\n<!-- end -->\nafter <!-- end -->\n"
    text = pages.quoting(page, kept.parent)
    assert text.startswith("before\n<!--")
    assert text.endswith("<!-- end -->\nafter <!-- end -->\n")
    assert "old" not in text
    accuracy = pd.read_csv(kept / "training_summary.csv").query("measure == 'accuracy'")
    for mean in accuracy["mean"]:
        assert f"{100 * mean:.1f} %" in text
    assert pages.quoting(text, kept.parent) == text


def test_answers_are_those_of_the_tables(kept: Path) -> None:
    found = answers.answers(kept)
    runs = pd.read_csv(kept / "training_runs.csv")
    assert list(found) == list(runs["neuron"].unique())
    for neuron, answer in found.items():
        own = runs[runs["neuron"] == neuron]
        assert answer.networks == pytest.approx(list(own["accuracy"]))
        assert answer.runs_away == sum(own["outcome"] == "overflow") / len(own)
    speakers = pd.read_csv(kept / "speakers.csv")
    accuracy = speakers.groupby(["speaker", "neuron"])["accuracy"].mean()
    ahead = [accuracy[s, "qif"] > accuracy[s, "lif"] for s in set(speakers["speaker"])]
    assert (found["qif"].speakers_ahead, found["qif"].speakers) == (sum(ahead), len(ahead))
    assert found["lif"].speakers_ahead == 0


def test_validation_words_are_of_heard_or_new_speakers(
    finished: Path, kept: Path, tmp_path: Path
) -> None:
    folder = finished / "results/spoken-digits-smoke"
    train, words = (load(folder / "data/events.h5", split) for split in ("train", "validation"))
    runs = pd.read_csv(kept / "training_reached.csv")
    table = by_novelty(runs, folder / "training", words, train)
    share = float((~torch.isin(words.speakers, train.speakers)).double().mean())
    assert 0 < share < 1
    for row, run in zip(table.itertuples(), runs.itertuples(), strict=True):
        assert (row.neuron, row.search, row.seed) == (run.neuron, run.search, run.seed)
        both = share * row.accuracy_new + (1 - share) * row.accuracy_heard
        assert both == pytest.approx(run.validation_accuracy, abs=1e-6)
    table.to_csv(tmp_path / "validation.csv", index=False)
    own = table[(table["neuron"] == "qif") & (table["search"] == 0)]
    found = answers.validated(tmp_path)["qif", 0]
    assert found["new speakers"] == pytest.approx(own["accuracy_new"].mean())


def test_heard_speakers_have_the_accuracy_of_their_answers(finished: Path, kept: Path) -> None:
    folder = finished / "results/spoken-digits-smoke/training"
    samples = pd.read_parquet(folder / "qif/samples.parquet").merge(
        pd.read_csv(folder / "runs.csv")[["neuron", "seed", "search"]]
    )
    samples["right"] = samples["label"].astype(str) == samples["prediction"].astype(str)
    found = answers.by_speakers(kept)["qif"]
    for search, own in samples.groupby("search"):
        heard, new = own[~own["unseen_speaker"]], own[own["unseen_speaker"]]
        assert found.loc["heard speakers", search] == pytest.approx(heard["right"].mean(), abs=1e-5)
        for speaker, words in new.groupby("speaker"):
            name = f"speaker {speaker}, never heard"
            assert found.loc[name, search] == pytest.approx(words["right"].mean(), abs=1e-5)


def test_an_unchanged_finalist_is_no_merit_of_the_search(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept, tmp_path / "kept")
    table = pd.read_parquet(kept / "search_finalists.parquet")
    for value, tuned in ((1.0, 0), (-1.0, table["search"].nunique())):
        table.loc[table["number"] < 0, "validation_accuracy"] = value
        table.to_parquet(tmp_path / "kept/search_finalists.parquet")
        assert {a.tuned for a in answers.answers(tmp_path / "kept").values()} == {tuned}


def test_the_result_is_drawn_of_the_kept_tables_alone(kept: Path, tmp_path: Path) -> None:
    for name in ("first.png", "again.png"):
        plot_result.main(kept, str(tmp_path / name))
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "again.png").read_bytes()
