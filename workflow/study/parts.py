"""What a study is made of: trainings, folders of tables, figures, claims; declarations only.

docs/new-measure.md adds a measure with its table and its figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from study.config.ntk import NTKExperiment
from study.config.study import Study
from study.config.variants import Variant, by_file, neurons_of
from study.entries import Part, Picture, Training
from study.ntk import TRUE_DERIVATIVE
from study.report.captions import CAPTIONS

EVENTS = "data/events.h5"
EQUAL_ACTIVITY = {"training.activity": {"strength": 0.005, "target": 10.0}}
"""Networks are trained once more with this activity, the same for all neuron models, and otherwise
as before, so that these are compared where they spike equally often."""
LONG = {"megabytes": 4000, "minutes": 1440}
"""Work with networks, of a length that depends on the settings."""


# Trainings


def split_of(study: Study, search: int) -> str:
    """The parts of the samples in the outer fold of a search."""
    return f"data/{study.fold_of(search)}/split.parquet"


def split_of_seed(study: Study, seed: int) -> str:
    """Those with which the networks of a seed are trained."""
    return split_of(study, study.search_of(seed))


def run_files(study: Study, name: str, neurons: Sequence[str] | None = None) -> list[str]:
    """A file of every final network, or of those of some neuron models."""
    models = study.neurons if neurons is None else neurons
    return [f"training/{neuron}/{seed}/{name}" for neuron, seed in product(models, study.seeds)]


def first_seeds(study: Study) -> dict[int, int]:
    """The first seed of each search."""
    first: dict[int, int] = {}
    for seed in study.seeds:
        first.setdefault(study.search_of(seed), seed)
    return first


def variants(study: Study) -> dict[str, Variant]:
    """The variants by their folders."""
    return {file: study.variants[name] for file, name in by_file(study).items()}


def trainings(study: Study) -> dict[str, Training]:
    """All networks that are trained, by their folders."""
    found = {}
    for neuron, seed in product(study.neurons, study.seeds):
        search = study.search_of(seed)
        shared = (neuron, seed, split_of(study, search), _winners(study, neuron, [search]))
        model = study.model(neuron).model_dump(mode="json")
        found[f"training/{neuron}/{seed}"] = Training(*shared, model)
        if seed in (study.landscape.seeds or ()):
            active = Training(*shared, model, EQUAL_ACTIVITY)
            found[f"landscape/equal_activity/{neuron}/{seed}"] = active
    # Variants are trained in the first outer fold, with the best of its winners.
    first = [k for k in range(study.n_searches) if study.fold_of(k) == study.fold_of(0)]
    for file, variant in variants(study).items():
        for neuron in neurons_of(study, variant):
            shared = (split_of(study, 0), _winners(study, neuron, first))
            # Without landscapes, few snapshots will do.
            model = study.model(neuron).with_parameters({"training.snapshots": 2})
            for (case, own), seed in product(variant.cases.items(), variant.seeds):
                found[f"variants/networks/{file}/{case}/{neuron}/{seed}"] = Training(
                    neuron,
                    seed,
                    *shared,
                    model.model_dump(mode="json"),
                    own.parameters,
                    inner=0,  # samples to validate with are held out
                    samples=own.samples,
                )
    return found


def _winners(study: Study, neuron: str, searches: Sequence[int]) -> list[str]:
    return [f"search/{neuron}/{search}/best.yaml" for search in searches if study.search]


# Tables


def parts(study: Study) -> dict[str, Part]:
    """All tables of a study, by their folders."""
    found: dict[str, Part] = {}
    for stage in (_data, _search, _networks, _training, _landscape, _variants, _ntk):
        found.update(stage(study))
    return found


Parts = Iterator[tuple[str, Part]]


def joined(
    shares: Sequence[str], tables: Sequence[str], by: Sequence[str] = (), **more: Any
) -> Part:
    """Tables of several folders, each joined to one, sorted ``by`` those columns that it has."""
    return Part(
        "join",
        ["study.storage.joining:join"],
        tables,
        {
            stem: [f"{share}/{stem}.parquet" for share in shares]
            for stem in (table.partition(".")[0] for table in tables)
        },
        {"sorted_by": list(by)},
        **more,
    )


def _data(study: Study) -> Parts:
    folds = list(study.data.fold_names)
    yield (
        "data/statistics",
        Part(
            "statistics",
            ["study.data.statistics:describe"],
            ["samples.parquet", "profiles.parquet", "examples.parquet", "summary.csv", "folds.csv"],
            {"events": [EVENTS], "splits": [f"data/{fold}/split.parquet" for fold in folds]},
            {"folds": folds},
            digits={"summary.csv": 6},
            shown={"summary.csv": ("summary", ""), "folds.csv": ("folds", "")},
            megabytes=6000,
            minutes=60,
        ),
    )
    if study.data.source == "heidelberg-digits":
        yield (
            "data/shd",
            Part(
                "shd",
                ["study.data.shd:comparison"],
                ["comparison.csv"],
                {"samples": ["data/statistics/samples.parquet"]},
                {"merged": study.data.channels is not None},
                digits={"comparison.csv": 5},
                shown={"comparison.csv": ("beside SHD, values", CAPTIONS["shd_comparison"])},
            ),
        )


def _search(study: Study) -> Parts:
    if study.search is None:
        return
    searches = [f"search/{n}/{k}" for n, k in product(study.neurons, range(study.n_searches))]
    contents = {
        "stability": "trials that failed",
        "regions": "what each region costs",
        "rungs": "ranking from rung to rung",
        "winners": "winners within the bounds",
    }
    yield (
        "search/summary",
        Part(
            "searches",
            ["study.search.tables:summarise"],
            [
                "trials.parquet",
                "finalists.parquet",
                "budget.csv",
                *(f"{name}.csv" for name in contents),
            ],
            {
                "trials": [f"{own}/trials.parquet" for own in searches],
                "finalists": [f"{own}/finalists.parquet" for own in searches],
                "winners": [f"{own}/best.yaml" for own in searches],
            },
            {
                "sampling": study.search.sampling.model_dump(mode="json"),
                "budget": study.search.budget,
            },
            shown={f"{k}.csv": (text, CAPTIONS[f"search_{k}"]) for k, text in contents.items()},
        ),
    )


def _networks(study: Study) -> Parts:
    """Measures of single networks, those of one in one job."""
    shares: dict[str, list[str]] = {}
    closer = [name for name in ("roughness", "robustness") if name in study.measures]
    first = first_seeds(study)
    for neuron, seed in product(study.neurons, study.seeds):
        search = study.search_of(seed)
        measures = ["evaluation", "silence", *(closer if first[search] == seed else [])]
        functions = [f"study.training.{name}:{name}" for name in measures]
        tables = ["runs", "samples", *measures[1:]]
        folder, run = f"networks/jobs/{neuron}/{seed}", f"training/{neuron}/{seed}"
        yield (
            folder,
            Part(
                "networks",
                [f.replace("training.roughness", "landscape.roughness") for f in functions],
                [f"{table}.parquet" for table in tables],
                {
                    "events": [EVENTS],
                    "split": [split_of(study, search)],
                    "checkpoint": [f"{run}/trained.safetensors"],
                    "snapshots": [f"{run}/snapshots.safetensors"],
                    "history": [f"{run}/history.parquet"],
                },
                {
                    "search": search,
                    "further_epochs": study.silence.epochs,
                    **(
                        {"landscape": _sections(study, "samples", "profiles")}
                        if "roughness" in measures
                        else {}
                    ),
                },
                **LONG,
            ),
        )
        for table in tables:
            shares.setdefault(table, []).append(f"{folder}/{table}.parquet")
    yield (
        "networks/measures",
        Part(
            "join",
            ["study.storage.joining:join"],
            ["samples.parquet", "silence.parquet", *(f"{name}.csv" for name in closer)],
            {name: shares[name] for name in ("samples", "silence", *closer)},
            {"sorted_by": []},
        ),
    )


def _sections(study: Study, *names: str) -> dict[str, Any]:
    """Some sections of the landscapes' settings; a change of another one repeats nothing."""
    return study.landscape.model_dump(mode="json", include=set(names))


def _training(study: Study) -> Parts:
    searches = {seed: study.search_of(seed) for seed in study.seeds}
    yield (
        "training/scores",
        Part(
            "scores",
            ["study.training.summary:scores"],
            ["runs.csv", "summary.csv", "speakers.csv", "histories.parquet"],
            {
                "runs": [
                    f"networks/jobs/{n}/{s}/runs.parquet"
                    for n in study.neurons
                    for s in study.seeds
                ],
                "samples": ["networks/measures/samples.parquet"],
                "histories": run_files(study, "history.parquet"),
            },
            {"searches": searches, "folds": {s: study.fold_of(k) for s, k in searches.items()}},
            digits={"summary.csv": 5, "speakers.csv": 6},
            shown={
                "runs.csv": ("all runs", ""),
                "summary.csv": ("means over seeds", CAPTIONS["training_summary"]),
            },
        ),
    )
    seed = study.seeds[0]
    yield (
        "training/traces",
        Part(
            "traces",
            ["study.training.traces:rasters"],
            ["rasters.parquet"],
            {
                "events": [EVENTS],
                "split": [split_of_seed(study, seed)],
                "checkpoints": [f"training/{n}/{seed}/trained.safetensors" for n in study.neurons],
            },
            megabytes=2000,
            minutes=60,
        ),
    )
    if "runaway" in study.measures:
        lif = [neuron for neuron in study.neurons if neuron == "lif"]  # perhaps none
        yield (
            "training/runaway",
            Part(
                "runaway",
                ["study.training.runaway:runaway"],
                ["rates.csv", "gains.csv"],
                {
                    "outcomes": run_files(study, "outcome.json", lif),
                    "histories": run_files(study, "history.parquet", lif),
                    "snapshots": run_files(study, "snapshots.safetensors", lif),
                },
                {"neurons": list(study.neurons), "random": study.runaway.model_dump(mode="json")},
                digits={"rates.csv": 6, "gains.csv": 6},
                megabytes=2000,
                minutes=60,
            ),
        )
    delayed = [n for n in study.neurons if study.model(n).network.delays is not None]
    if delayed:
        yield (
            "training/learned",
            Part(
                "learned",
                ["study.training.delays:delays"],
                ["delays.parquet"],
                {"snapshots": run_files(study, "snapshots.safetensors", delayed)},
                {"runs": [[neuron, seed] for neuron in delayed for seed in study.seeds]},
                megabytes=1500,
                minutes=60,
            ),
        )


LANDSCAPE_MEASURES = {
    "surfaces": (["lines", "planes"], ["lines.parquet", "planes.parquet"]),
    "closeups": (["closeups"], ["closeups.parquet"]),
    "census": (["census"], ["changes.parquet", "census_lines.parquet", "census_losses.parquet"]),
    "profiles": (["profiles"], ["profiles.parquet", "profile_minima.parquet"]),
    "gradients": (
        ["steps", "updates"],
        ["steps.parquet", "step_losses.parquet", "updates.csv", "sample_gradients.parquet"],
    ),
}
"""What is measured around every network, each by the function of this name in the module of this
name in study.landscape: the sections of settings that it reads, and its tables, joined."""
SORTED_BY = (
    *("neuron", "seed", "state", "direction", "direction2", "sample"),
    *("search", "depth", "epoch", "batch", "t", "reach", "of", "x", "y"),
)


def _landscape(study: Study) -> Parts:
    seeds = study.landscape.seeds or ()
    if not seeds:
        return
    for measure, (sections, tables) in LANDSCAPE_MEASURES.items():
        shares = []
        for neuron, seed, job in product(study.neurons, seeds, range(study.landscape.jobs)):
            run = f"training/{neuron}/{seed}"
            shares.append(f"landscape/jobs/{measure}/{neuron}/{seed}/{job}")
            yield (
                shares[-1],
                Part(
                    measure,
                    [f"study.landscape.{measure}:{measure}"],
                    [f"{table.partition('.')[0]}.parquet" for table in tables],
                    {
                        "events": [EVENTS],
                        "split": [split_of_seed(study, seed)],
                        "directions": [f"landscape/directions/{neuron}/{seed}.safetensors"],
                        "checkpoint": [f"{run}/trained.safetensors"],
                        "snapshots": [f"{run}/snapshots.safetensors"],
                    },
                    {"landscape": _sections(study, "samples", "jobs", *sections), "number": job},
                    **LONG,
                ),
            )
        yield f"landscape/{measure}", joined(shares, tables, SORTED_BY)
    searches = {seed: study.search_of(seed) for seed in study.seeds}
    contents = {
        "states": "the networks looked at",
        "census": "summary of the census",
        "closeup_measures": "how rough close-ups are, values",
    }
    yield (
        "landscape/summary",
        Part(
            "landscapes",
            ["study.landscape.summary:summarise", "study.landscape.closeups:closeup_measures"],
            [
                *("states.csv", "line_minima.parquet", "plane_minima.parquet", "census.csv"),
                *("measures.csv", "closeup_measures.csv"),
            ],
            {
                "states": [f"landscape/directions/{seed}.parquet" for seed in seeds],
                "lines": ["landscape/surfaces/lines.parquet"],
                "planes": ["landscape/surfaces/planes.parquet"],
                "closeups": ["landscape/closeups/closeups.parquet"],
                "changes": ["landscape/census/changes.parquet"],
                "census_lines": ["landscape/census/census_lines.parquet"],
                "profiles": ["landscape/profiles/profiles.parquet"],
                "profile_minima": ["landscape/profiles/profile_minima.parquet"],
                "steps": ["landscape/gradients/steps.parquet"],
                "updates": ["landscape/gradients/updates.csv"],
            },
            {"searches": searches, "folds": {s: study.fold_of(k) for s, k in searches.items()}},
            digits={"measures.csv": 6},
            shown={f"{k}.csv": (text, CAPTIONS[f"landscape_{k}"]) for k, text in contents.items()},
        ),
    )
    networks = list(product(study.neurons, seeds))
    yield (
        "landscape/examples",
        Part(
            "examples",
            ["study.landscape.examples:examples"],
            ["changes.parquet", "losses.parquet", "spikes.parquet", "potentials.parquet"],
            {
                "events": [EVENTS],
                "changes": ["landscape/census/changes.parquet"],
                "splits": [split_of_seed(study, seed) for _, seed in networks],
                "directions": [
                    f"landscape/directions/{n}/{seed}.safetensors" for n, seed in networks
                ],
            },
            {
                "landscape": _sections(study, "samples", "examples"),
                "networks": [[neuron, seed] for neuron, seed in networks],
            },
            **LONG,
        ),
    )


def _variants(study: Study) -> Parts:
    for file, variant in variants(study).items():
        shares = []
        for neuron in neurons_of(study, variant):
            runs = list(product(variant.cases.items(), variant.seeds))
            folders = [f"variants/networks/{file}/{c}/{neuron}/{s}" for (c, _), s in runs]
            shares.append(f"variants/jobs/{file}/{neuron}")
            rough = "roughness" in variant.measures
            yield (
                shares[-1],
                Part(
                    "variants",
                    ["study.variants:score"],
                    ["runs.parquet", "speakers.parquet"],
                    {
                        "events": [EVENTS],
                        "split": [split_of(study, 0)],
                        "checkpoints": [f"{folder}/trained.safetensors" for folder in folders],
                        "histories": [f"{folder}/history.parquet" for folder in folders],
                    },
                    {
                        "change": by_file(study)[file],
                        "to": [case.name for (_, case), _ in runs],
                        "fold": study.fold_of(0),
                        "landscape": _sections(study, "samples", "profiles") if rough else None,
                    },
                    **LONG,
                ),
            )
        yield f"variants/scores/{file}", joined(shares, ["runs.csv", "speakers.csv"])


def _ntk(study: Study) -> Parts:
    ntk = study.ntk
    problem = ntk.problem.model_dump(mode="json")
    limits = {"megabytes": 2000, "minutes": 240}
    yield (
        "ntk/limits",
        Part(
            "limits",
            ["study.ntk.limits:limits"],
            ["problem.csv", "diagonals.csv", "naive_regression.csv", "off_circle.parquet"],
            {},
            {
                "problem": problem,
                "analytic": ntk.analytic.model_dump(mode="json"),
                "off_circle": ntk.off_circle.model_dump(mode="json"),
            },
            **limits,
        ),
    )
    yield (
        "ntk/stability",
        Part(
            "stability",
            ["study.ntk.instability:unstable_learning"],
            ["cases.csv", "points.csv", "drift.parquet"],
            {},
            {"stability": ntk.stability.model_dump(mode="json")},
            **limits,
        ),
    )
    for experiment in ntk.experiments():
        own = {"problem": problem, "experiment": experiment.model_dump(mode="json")}
        for job in range(len(experiment.jobs())):
            yield (
                f"ntk/networks/{experiment.name}/{job}",
                Part(
                    "dense_networks",
                    ["study.ntk.experiments:networks"],
                    ["networks.parquet"],
                    {},
                    {**own, "job": job},
                    **limits,
                ),
            )
        found = {
            "inputs": {"networks": dense_networks(experiment)},
            "settings": {**own, "n_resamples": ntk.n_resamples},
            **limits,
        }
        if experiment in ntk.kernels:
            yield (
                f"ntk/kernels/{experiment.name}",
                Part(
                    "kernels",
                    ["study.ntk.convergence:kernels"],
                    [
                        *("analytic.parquet", "errors.parquet", "mean_errors.csv", "exponents.csv"),
                        "growth.csv",
                    ],
                    digits={"mean_errors.csv": 6},
                    **found,
                ),
            )
        else:
            yield (
                f"ntk/comparison/{experiment.name}",
                Part(
                    "comparison",
                    ["study.ntk.comparison:comparison"],
                    ["predictions.parquet", "distances.csv", "spreads.csv", "trends.csv"],
                    **found,
                ),
            )


def dense_networks(*experiments: NTKExperiment) -> list[str]:
    """The tables of these experiments' networks."""
    return [
        f"ntk/networks/{experiment.name}/{job}/networks.parquet"
        for experiment in experiments
        for job in range(len(experiment.jobs()))
    ]


def kernel_tables(experiments: Sequence[NTKExperiment], table: str) -> list[str]:
    """A table of each experiment that compares kernels of networks with the analytic one."""
    return [f"ntk/kernels/{experiment.name}/{table}" for experiment in experiments]


def comparison_tables(experiments: Sequence[NTKExperiment], table: str) -> list[str]:
    """A table of each experiment that compares trained networks with predictions."""
    return [f"ntk/comparison/{experiment.name}/{table}" for experiment in experiments]


def with_surrogate(study: Study, surrogate: bool) -> list[NTKExperiment]:
    """The experiments on kernels with a surrogate derivative, or those without."""
    kernels = study.ntk.kernels
    return [e for e in kernels if (e.surrogate.name != TRUE_DERIVATIVE) == surrogate]


def ensembles(study: Study, gaussian_inputs: bool = False) -> list[NTKExperiment]:
    """The experiments on trained networks with inputs on the circle, or with Gaussian ones."""
    return [e for e in study.ntk.ensembles if e.gaussian_inputs == gaussian_inputs]


# Figures


FAMILIES = {
    "figures": "Papers",
    "landscape/figures": "Landscapes",
    "training/figures": "Training",
    "search/figures": "Search",
    "variants/figures": "Variants",
    "data/figures": "Data",
    "ntk/figures": "SG-NTK",
}
"""What the report calls the figures of each folder, in its order."""
Pictures = Iterator[tuple[str, Picture]]


def pictures(study: Study) -> dict[str, Picture]:
    """All figures of a study, by their files without a suffix."""
    found = {}
    for stage in (
        _paper_pictures,
        _landscape_pictures,
        _training_pictures,
        _variant_pictures,
        _data_pictures,
        _ntk_pictures,
    ):
        found.update(stage(study))
    return dict(sorted(found.items(), key=lambda item: _family(item[0])))


def _family(file: str) -> int:
    return [*FAMILIES].index(file.rpartition("/")[0])


def _trials(study: Study) -> dict[str, list[str]]:
    """The trials of all searches, if there are any."""
    return {"trials": ["search/summary/trials.parquet"]} if study.search else {}


def _paper_pictures(study: Study) -> Pictures:
    """What several stages found, a figure for each section of the papers."""
    several, seeds = len(study.neurons) > 1, study.landscape.seeds or ()
    if several:
        yield (
            "figures/performance",
            Picture(
                "study.figures.performance:draw",
                "1: LIF and QIF, performance",
                {
                    "histories": ["training/scores/histories.parquet"],
                    "runs": ["training/scores/runs.csv"],
                    "speakers": ["training/scores/speakers.csv"],
                    **_trials(study),
                },
                caption=CAPTIONS["paper_performance"],
            ),
        )
    if several and seeds:
        yield (
            "figures/landscapes",
            Picture(
                "study.figures.landscapes:draw",
                "1: LIF and QIF, landscapes",
                {
                    "planes": ["landscape/surfaces/planes.parquet"],
                    "lines": ["landscape/surfaces/lines.parquet"],
                    "steps": ["landscape/gradients/steps.parquet"],
                    "step_losses": ["landscape/gradients/step_losses.parquet"],
                    "line_minima": ["landscape/summary/line_minima.parquet"],
                },
                {
                    "seed": seeds[0],
                    "pair": list(study.landscape.planes.directions[0]),
                    "direction": study.landscape.lines.directions[0],
                },
                CAPTIONS["paper_landscapes"],
            ),
        )
        yield (
            "figures/samples",
            Picture(
                "study.figures.single_samples:draw",
                "1: LIF and QIF, single samples",
                {
                    "changes": ["landscape/census/changes.parquet"],
                    "census": ["landscape/summary/census.csv"],
                    "census_losses": ["landscape/census/census_losses.parquet"],
                    "profiles": ["landscape/profiles/profiles.parquet"],
                    "examples": ["landscape/examples/changes.parquet"],
                    "spikes": ["landscape/examples/spikes.parquet"],
                },
                caption=CAPTIONS["paper_samples"],
            ),
        )
        yield (
            "figures/surfaces",
            Picture(
                "study.figures.surfaces:draw",
                "1: LIF and QIF, surfaces to turn",
                {"planes": ["landscape/surfaces/planes.parquet"]},
                {"seed": seeds[0]},
                CAPTIONS["paper_surfaces"],
                ("html",),
            ),
        )
    naive, surrogate = with_surrogate(study, False), with_surrogate(study, True)
    if naive and surrogate:
        first = study.ntk.ensembles[0]
        yield (
            "figures/sg_ntk",
            Picture(
                "study.figures.sg_ntk:draw",
                "2: surrogate-gradient NTK",
                {
                    "naive_analytic": kernel_tables(naive[:1], "analytic.parquet"),
                    "surrogate_analytic": kernel_tables(surrogate[:1], "analytic.parquet"),
                    "errors": kernel_tables(surrogate[:1], "errors.parquet"),
                    "networks": dense_networks(first),
                    "predictions": comparison_tables([first], "predictions.parquet"),
                    "distances": comparison_tables([first], "distances.csv"),
                    "problem": ["ntk/limits/problem.csv"],
                },
                {"experiment": first.name},
                CAPTIONS["paper_sg_ntk"],
            ),
        )


def _landscape_pictures(study: Study) -> Pictures:
    if study.landscape.seeds:
        yield (
            "landscape/figures/closeups",
            Picture(
                "study.figures.closeups:draw",
                "close-ups of loss and gradient",
                {"closeups": ["landscape/closeups/closeups.parquet"]},
                {"seed": study.landscape.seeds[0]},
                CAPTIONS["landscape_closeups"],
            ),
        )
        yield (
            "landscape/figures/closeup_measures",
            Picture(
                "study.figures.closeup_measures:draw",
                "how rough close-ups are",
                {"measures": ["landscape/summary/closeup_measures.csv"]},
                caption=CAPTIONS["landscape_closeup_measures"],
            ),
        )


def _training_pictures(study: Study) -> Pictures:
    if "runaway" in study.measures:
        yield (
            "training/figures/runaway",
            Picture(
                "study.figures.runaway:draw",
                "why networks run away",
                {
                    "rates": ["training/runaway/rates.csv"],
                    "gains": ["training/runaway/gains.csv"],
                    **_trials(study),
                },
                caption=CAPTIONS["runaway"],
            ),
        )
    yield (
        "training/figures/learning_curves",
        Picture(
            "study.figures.learning_curves:draw",
            "learning curves",
            {"histories": ["training/scores/histories.parquet"]},
            caption=CAPTIONS["learning_curves"],
        ),
    )
    yield (
        "training/figures/confusion",
        Picture(
            "study.figures.confusion:draw",
            "confusion matrices",
            {"samples": ["networks/measures/samples.parquet"]},
            caption=CAPTIONS["confusion"],
        ),
    )
    yield (
        "training/figures/rasters",
        Picture(
            "study.figures.rasters:draw",
            "rasters",
            {"rasters": ["training/traces/rasters.parquet"]},
            caption=CAPTIONS["rasters"],
        ),
    )
    if study.search and len(study.neurons) > 1:
        yield (
            "search/figures/same_settings",
            Picture(
                "study.figures.same_settings:draw",
                "the same settings with each neuron model",
                _trials(study),
                caption=CAPTIONS["search_same_settings"],
            ),
        )


def _variant_pictures(study: Study) -> Pictures:
    for file in variants(study):
        yield (
            f"variants/figures/variants_{file}",
            Picture(
                "study.figures.variants:draw",
                f"variant, {file}",
                {
                    "table": [f"variants/scores/{file}/runs.csv"],
                    "runs": ["training/scores/runs.csv"],
                },
                caption=CAPTIONS["variants"],
            ),
        )


def _data_pictures(study: Study) -> Pictures:
    statistics = ("examples", "samples", "profiles")
    yield (
        "data/figures/data",
        Picture(
            "study.figures.data:draw",
            "examples and statistics",
            {name: [f"data/statistics/{name}.parquet"] for name in statistics},
            {"n_units": study.data.n_inputs},
            CAPTIONS["data"],
        ),
    )
    if study.data.source == "heidelberg-digits":
        yield (
            "data/figures/shd_comparison",
            Picture(
                "study.figures.shd_comparison:draw",
                "beside SHD",
                {"samples": ["data/statistics/samples.parquet"]},
                {"merged": study.data.channels is not None},
                CAPTIONS["shd_comparison"],
            ),
        )


def _ntk_pictures(study: Study) -> Pictures:
    ntk, circle, off_circle = study.ntk, ensembles(study), ensembles(study, gaussian_inputs=True)
    names = [experiment.name for experiment in circle]
    yield (
        "ntk/figures/off_circle",
        Picture(
            "study.figures.off_circle:draw",
            "inputs off the circle",
            {
                "off_circle": ["ntk/limits/off_circle.parquet"],
                "distances": comparison_tables(off_circle, "distances.csv"),
            },
            {
                "setup": ntk.off_circle.model_dump(mode="json"),
                "experiments": [experiment.name for experiment in off_circle],
            },
            CAPTIONS["ntk_off_circle"],
        ),
    )
    for experiment in ntk.kernels:
        yield (
            f"ntk/figures/kernels_{experiment.name}",
            Picture(
                "study.figures.kernels:draw",
                f"kernels, {experiment.name}",
                {
                    "networks": dense_networks(experiment),
                    "analytic": kernel_tables([experiment], "analytic.parquet"),
                },
                {"experiment": experiment.model_dump(mode="json")},
                CAPTIONS["ntk_kernels"],
            ),
        )
    for quantity in ("error", "drift"):
        yield (
            f"ntk/figures/kernel_{quantity}",
            Picture(
                "study.figures.kernel_widths:draw",
                f"kernels of finite networks against width, {quantity}",
                {
                    "errors": kernel_tables(ntk.kernels, "errors.parquet"),
                    "exponents": kernel_tables(ntk.kernels, "exponents.csv"),
                },
                {
                    "experiments": [experiment.name for experiment in ntk.kernels],
                    "quantity": quantity,
                },
                CAPTIONS["ntk_kernel"],
            ),
        )
    for experiment in circle:
        yield (
            f"ntk/figures/ensemble_{experiment.name}",
            Picture(
                "study.figures.ensemble:draw",
                f"ensemble, {experiment.name}",
                {
                    "networks": dense_networks(experiment),
                    "predictions": comparison_tables([experiment], "predictions.parquet"),
                    "problem": ["ntk/limits/problem.csv"],
                },
                {"experiment": experiment.model_dump(mode="json")},
                CAPTIONS["ntk_ensemble"],
            ),
        )
    yield (
        "ntk/figures/comparison",
        Picture(
            "study.figures.kernel_comparison:draw",
            "which kernel networks follow",
            {"distances": comparison_tables(circle, "distances.csv")},
            {"experiments": names},
            CAPTIONS["ntk_comparison"],
        ),
    )
    yield (
        "ntk/figures/spread",
        Picture(
            "study.figures.spread:draw",
            "how far single networks scatter",
            {
                "spreads": comparison_tables(circle, "spreads.csv"),
                "trends": comparison_tables(circle, "trends.csv"),
            },
            {"experiments": names},
            CAPTIONS["ntk_spread"],
        ),
    )
    yield (
        "ntk/figures/stability",
        Picture(
            "study.figures.stability:draw",
            "unstable learning",
            {"cases": ["ntk/stability/cases.csv"], "drift": ["ntk/stability/drift.parquet"]},
            caption=CAPTIONS["ntk_stability"],
        ),
    )


# Claims


def claimed(study: Study) -> dict[str, list[str]]:
    """The tables from which the first paper's claims are judged; none of what a study leaves out."""
    around = {
        "changes": "census/changes.parquet",
        "profiles": "profiles/profiles.parquet",
        "profile_minima": "profiles/profile_minima.parquet",
        "steps": "gradients/steps.parquet",
        "updates": "gradients/updates.csv",
        "census": "summary/census.csv",
        "line_minima": "summary/line_minima.parquet",
        "plane_minima": "summary/plane_minima.parquet",
    }
    seeds = bool(study.landscape.seeds)
    return {
        **{name: [f"landscape/{file}"] * seeds for name, file in around.items()},
        "runs": ["training/scores/runs.csv"],
        "speakers": ["training/scores/speakers.csv"],
        "budget": ["search/summary/budget.csv"] * bool(study.search),
        "stability": ["search/summary/stability.csv"] * bool(study.search),
        "silence": ["networks/measures/silence.parquet"],
        "histories": ["training/scores/histories.parquet"],
    }


def ntk_claimed(study: Study) -> dict[str, list[str]]:
    """Those from which the second paper's claims are judged."""
    circle = ensembles(study)
    return {
        "diagonals": ["ntk/limits/diagonals.csv"],
        "problem": ["ntk/limits/problem.csv"],
        "exponents": kernel_tables(with_surrogate(study, True), "exponents.csv"),
        "growth": kernel_tables(with_surrogate(study, False), "growth.csv"),
        "distances": comparison_tables(circle, "distances.csv"),
        "spreads": comparison_tables(circle, "spreads.csv"),
        "trends": comparison_tables(circle, "trends.csv"),
        "off_circle": comparison_tables(ensembles(study, gaussian_inputs=True), "distances.csv"),
    }
