"""Keep a long study in the repository: tables, figures, networks, hours, and a page of its results.

python experiments/keep.py results/heidelberg-digits docs/results/heidelberg-digits --commit 73a3b00
python experiments/keep.py --unfinished results/heidelberg-digits docs/results/unfinished --commit C
python experiments/keep.py --ntk results/shd docs/results/sg-ntk --commit 73a3b00
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from answers import best_by_validation
from carry import pack
from landscape_facts import landscape_measures
from ntk_facts import AUTHORS
from pages import ABOUT, archives, write_page
from spikegrad.claims.judge import judge
from spikegrad.claims.results import Tables
from spikegrad.claims.sg_ntk_paper import SG_NTK_CLAIMS
from spikegrad.ntk.constants import TRANSPOSED
from spikegrad.storage.tables import read_table, write_table

KEPT = (
    "claims.csv",
    "data/summary.csv",
    "figures/performance.png",
    "figures/landscapes.png",
    "figures/samples.png",
    "landscape/census.csv",
    "landscape/states.csv",
    "landscape/updates.csv",
    "landscape/figures/fragmentation.png",
    "landscape/figures/gradients.png",
    "landscape/figures/profiles.png",
    "search/budget.csv",
    "search/figures/budget.png",
    "search/figures/importance.png",
    "search/figures/slices.png",
    "search/rungs.csv",
    "search/stability.csv",
    "search/winners.csv",
    "training/figures/learning_curves.png",
    "training/runs.csv",
    "training/summary.csv",
)

NTK_FIGURES = (
    "comparison",
    "ensemble_one_hidden",
    "ensemble_two_hidden",
    "ensemble_two_hidden_scaled",
    "kernel_error",
    "kernels_gradient",
    "kernels_surrogate_gradient",
    "off_circle",
    "spread",
    "stability",
)

FLAT = 5  # last epochs, over which a curve that is flat gains nothing


def flat_name(name: str) -> str:
    """The name of a result's copy: kept folders have no folders of their own."""
    return name.replace("/", "_").replace("figures_", "")


def core_hours(folder: Path) -> pd.DataFrame:
    """Hours of processor time by family of rules, from the tables below ``benchmarks``."""
    rows = []
    for file in sorted(folder.rglob("*.tsv")):
        parts = file.relative_to(folder).parts
        family = parts[0] if len(parts) > 1 else "data"
        rows.append({"family": family, **pd.read_csv(file, sep="\t").iloc[-1]})
    table = pd.DataFrame(rows).groupby("family")["cpu_time"].agg(["size", "sum"])
    table.columns = ["jobs", "core_hours"]
    table["core_hours"] = table["core_hours"].astype(float) / 3600
    return pd.concat([table, table.sum().to_frame("all").T]).astype({"jobs": int})


def keep(results: Path, target: Path, names: Iterable[str]) -> None:
    """Copy the results of these ``names``, and write the core-hours.

    Those that a study has not made yet are left out, with what was kept of an earlier one.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        (target / flat_name(name)).unlink(missing_ok=True)
        if (results / name).exists():
            shutil.copyfile(results / name, target / flat_name(name))
    table = core_hours(results / "benchmarks").rename_axis("family")
    table.to_csv(target / "hours.csv", float_format="%.3f")


def histories(results: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """The learning curves of all ``runs``."""
    return read_table(
        *[results / f"training/{r.neuron}/{r.seed}/history.parquet" for r in runs.itertuples()]
    )


def accuracy_by_speaker(results: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """Of each search and speaker: accuracy over its runs, and whether training had heard it."""
    files = [results / f"training/{neuron}/samples.parquet" for neuron in runs["neuron"].unique()]
    samples = read_table(*files).merge(runs[["neuron", "seed", "search"]])
    samples["accuracy"] = samples["label"].astype(str) == samples["prediction"].astype(str)
    groups = samples.groupby(["speaker", "unseen_speaker", "neuron", "search"])
    return groups.agg(accuracy=("accuracy", "mean"), answers=("accuracy", "size")).reset_index()


def trained_out(curves: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Of each run, what training has reached: accuracy on the training data at the best epoch, and,
    if it was trained to the end, how much the validation accuracy gained over the last epochs."""
    rows = []
    ended = runs.set_index(["neuron", "seed"])["outcome"] == "finished"
    for (neuron, seed), curve in curves.sort_values("epoch").groupby(["neuron", "seed"]):
        last = curve["validation_accuracy"].tail(2 * FLAT).to_numpy()
        half = len(last) // 2
        best = curve.loc[curve["validation_accuracy"].idxmax()]
        rows.append(
            {
                "neuron": neuron,
                "seed": seed,
                "training_accuracy": best["train_accuracy"],
                "late_gain": last[half:].mean() - last[:half].mean()
                if ended[neuron, seed]
                else np.nan,
            }
        )
    return runs.merge(pd.DataFrame(rows), on=["neuron", "seed"])


def keep_networks(results: Path, target: Path, runs: pd.DataFrame) -> None:
    """Of each search the network that is best by validation."""
    for run in best_by_validation(runs).itertuples():
        network = results / f"training/{run.neuron}/{run.seed}/best.safetensors"
        shutil.copyfile(network, target / run.file)


def keep_searches(results: Path, target: Path, runs: pd.DataFrame) -> None:
    """All searches' trials in one table, their finalists in another, and their winners."""
    searches = runs[["neuron", "search"]].drop_duplicates().itertuples(index=False)
    folders = {(n, s): results / f"search/{n}/{s}" for n, s in searches}
    for (neuron, search), folder in folders.items():
        shutil.copyfile(folder / "best.yaml", target / f"search_{neuron}_{search}.yaml")
    for name in ("trials.parquet", "finalists.parquet"):
        table = read_table(*[folder / name for folder in folders.values()])
        write_table(table, target / f"search_{name}")


def keep_whole(results: Path, target: Path, commit: str) -> None:
    """What a study can go on from: an archive of what those of the same ``commit`` do not hold."""
    about = target / ABOUT
    if about.exists() and yaml.safe_load(about.read_text())["commit"] != commit:
        remove_archives(target)
    earlier = archives(target)
    pack(results, target / f"study_{len(earlier)}.tar.xz", earlier)
    write_about(results, target, commit)


def write_about(results: Path, target: Path, commit: str) -> None:
    """Whose results ``target`` keeps."""
    about = {"dataset": results.name, "commit": commit}
    (target / ABOUT).write_text(yaml.safe_dump(about, sort_keys=False))


def remove_archives(target: Path) -> None:
    """Remove what an earlier study could go on from."""
    for archive in archives(target):
        archive.unlink()


def keep_study(results: Path, target: Path, commit: str, whole: bool = False) -> None:
    """All that is kept of a study of the first paper; ``whole`` adds what it can go on from."""
    keep(results, target, KEPT)
    for earlier in [*target.glob("*.safetensors"), *target.glob("search_*.yaml")]:
        earlier.unlink()
    runs = pd.read_csv(results / "training/runs.csv")
    curves = histories(results, runs)
    write_table(curves, target / "training_histories.parquet")
    write_table(trained_out(curves, runs), target / "training_reached.csv", digits=6)
    write_table(accuracy_by_speaker(results, runs), target / "speakers.csv", digits=6)
    (target / "landscapes.csv").unlink(missing_ok=True)
    if (results / "landscape/census.csv").exists():
        write_table(landscape_measures(results), target / "landscapes.csv", digits=6)
    keep_searches(results, target, runs)
    keep_networks(results, target, runs)
    if whole:
        keep_whole(results, target, commit)
    else:
        remove_archives(target)
        write_about(results, target, commit)
    write_page(target)


def ntk_tables(results: Path) -> dict[str, list[Path]]:
    """The files behind each table that claims of the second paper are judged from."""
    ensembles = sorted((results / "ntk").glob("*/distances.csv"))
    off_circle = [f for f in ensembles if TRANSPOSED in set(pd.read_csv(f)["kernel"])]
    on_circle = [file.parent for file in ensembles if file not in off_circle]
    return {
        "diagonals": [results / "ntk/limits/diagonals.csv"],
        "problem": [results / "ntk/limits/problem.csv"],
        "exponents": [results / "ntk/surrogate_gradient/exponents.csv"],
        "growth": [results / "ntk/gradient/growth.csv"],
        "distances": [folder / "distances.csv" for folder in on_circle],
        "spreads": [folder / "spreads.csv" for folder in on_circle],
        "trends": [folder / "trends.csv" for folder in on_circle],
        "off_circle": off_circle,
    }


def keep_ntk(results: Path, target: Path, commit: str) -> None:
    """Tables, figures, hours, verdicts and the page."""
    tables = ntk_tables(results)
    files = {path for paths in tables.values() for path in paths}
    for name in ("distances", "spreads", "trends", "cases", "exponents"):
        files |= set((results / "ntk").glob(f"*/{name}.csv"))
    names = sorted(str(path.relative_to(results)) for path in files)
    keep(results, target, [*names, *(f"ntk/figures/{name}.png" for name in NTK_FIGURES)])
    for experiment in AUTHORS:
        errors = read_table(results / f"ntk/{experiment}/errors.parquet")
        means = errors.groupby(["slope", "width", "step"])[["squared_error", "drift"]].mean()
        write_table(means.reset_index(), target / f"ntk_{experiment}_errors.csv", digits=6)
    given = {name: [str(path) for path in paths] for name, paths in tables.items()}
    claims, _ = judge(Tables(given), "", seed=0, claims=SG_NTK_CLAIMS)
    write_table(claims.drop(columns=["files", "read"]), target / "claims.csv", digits=6)
    write_about(results, target, commit)
    write_page(target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results of a finished study")
    parser.add_argument("target", type=Path, help="folder to keep them in")
    parser.add_argument("--commit", required=True, help="of the code that made them")
    parser.add_argument(
        "--whole", action="store_true", help="with all searches and networks, in archives"
    )
    parser.add_argument(
        "--unfinished", action="store_true", help="these archives alone, of a study under way"
    )
    parser.add_argument("--ntk", action="store_true", help="of the SG-NTK part alone")
    options = parser.parse_args()
    if options.ntk:
        keep_ntk(options.results, options.target, options.commit)
    elif options.unfinished:
        options.target.mkdir(parents=True, exist_ok=True)
        keep_whole(options.results, options.target, options.commit)
    else:
        keep_study(options.results, options.target, options.commit, options.whole)
