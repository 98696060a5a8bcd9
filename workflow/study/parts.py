"""What a study is made of: trainings, folders of tables, figures, claims; declarations only.

docs/new-measure.md adds a measure with its table and its figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from study.captions import CAPTIONS
from study.config.ntk import Ensemble, KernelExperiment, NTKExperiment
from study.config.study import Study
from study.config.variants import Variant, by_file, neurons_of
from study.entries import Part, Picture, Training, by_name
from study.ntk import TRUE_DERIVATIVE

EVENTS = "data/events.h5"
EQUAL_ACTIVITY = {"training.activity": {"strength": 0.005, "target": 10.0}}
"""Networks are trained once more with this activity, the same for all neuron models, and otherwise
as before, so that these are compared where they spike equally often."""
LONG, SHORT = (4000, 1440), (2000, 60)
"""Limits in megabytes and minutes: of work as long as the settings make it, and of short work."""


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


def searches_and_folds(study: Study) -> dict[str, dict[int, Any]]:
    """The search of each seed, and its outer fold."""
    searches = {seed: study.search_of(seed) for seed in study.seeds}
    return {"searches": searches, "folds": {s: study.fold_of(k) for s, k in searches.items()}}


def first_seeds(study: Study) -> dict[int, int]:
    """The first seed of each search."""
    return {study.search_of(seed): seed for seed in reversed(study.seeds)}


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
        place = study.place_of(seed)
        found[f"training/{neuron}/{seed}"] = Training(*shared, model, place)
        if seed in (study.landscape.seeds or ()):
            active = Training(*shared, model, place, EQUAL_ACTIVITY)
            found[f"landscape/equal_activity/{neuron}/{seed}"] = active
    # Variants are trained in the first outer fold, with the best of its winners.
    first = [k for k in range(study.n_searches) if study.fold_of(k) == study.fold_of(0)]
    for file, variant in variants(study).items():
        for neuron in neurons_of(study, variant):
            fold = (split_of(study, 0), _winners(study, neuron, first))
            # Without landscapes, few snapshots will do; samples to validate with are held out.
            fewer = study.model(neuron).with_parameters({"training.snapshots": 2})
            model = fewer.model_dump(mode="json")
            for (case, own), seed in product(variant.cases.items(), variant.seeds):
                found[f"variants/networks/{file}/{case}/{neuron}/{seed}"] = Training(
                    neuron, seed, *fold, model, None, own.parameters,
                    inner=seed % study.data.inner_folds, samples=own.samples,
                )  # fmt: skip
    return found


def _winners(study: Study, neuron: str, searches: Sequence[int]) -> list[str]:
    return [f"search/{neuron}/{search}/best.yaml" for search in searches if study.search]


# Tables


def parts(study: Study) -> dict[str, Part]:
    """All tables of a study, by their folders."""
    stages = (_data, _search, _networks, _training, _landscape, _variants, _ntk)
    return {part.folder: part for stage in stages for part in stage(study)}


def _joined(folder: str, shares: Sequence[Part], tables: str, by: Sequence[str] = ()) -> Part:
    """Those ``tables`` of all ``shares`` that have them, sorted ``by`` those columns that they
    have."""
    stems = [table.partition(".")[0] for table in tables.split()]
    files = {
        stem: [
            f"{p.folder}/{stem}.parquet" for p in shares if f"{stem}.parquet" in p.tables.split()
        ]
        for stem in stems
    }
    return Part(
        folder, "study.storage.joining:join", tables, files, {"sorted_by": list(by)}, "join"
    )


def _data(study: Study) -> Iterator[Part]:
    folds = list(study.data.fold_names)
    yield Part(
        "data/statistics",
        "study.data.statistics:describe",
        "samples.parquet profiles.parquet examples.parquet summary.csv folds.csv",
        by_name(EVENTS, splits=[f"data/{fold}/split.parquet" for fold in folds]),
        {"folds": folds},
        digits={"summary.csv": 6},
        shown={"summary.csv": ("summary", ""), "folds.csv": ("folds", "")},
        limits=(6000, 60),
    )
    if study.data.source == "heidelberg-digits":
        yield Part(
            "data/shd",
            "study.data.shd:comparison",
            "comparison.csv",
            by_name("data/statistics/samples.parquet"),
            {"merged": study.data.channels is not None},
            digits={"comparison.csv": 5},
            shown={"comparison.csv": ("beside SHD, values", CAPTIONS["shd_comparison"])},
        )


def _search(study: Study) -> Iterator[Part]:
    if study.search is None:
        return
    searches = [f"search/{n}/{k}" for n, k in product(study.neurons, range(study.n_searches))]
    contents = {
        "stability": "trials that failed",
        "rungs": "ranking from rung to rung",
        "winners": "winners within the bounds",
    }
    yield Part(
        "search/summary",
        "study.search.search_tables:summarise",
        f"trials.parquet finalists.parquet budget.csv {' '.join(f'{k}.csv' for k in contents)}",
        by_name(
            trials=[f"{own}/trials.parquet" for own in searches],
            finalists=[f"{own}/finalists.parquet" for own in searches],
            winners=[f"{own}/best.yaml" for own in searches],
        ),
        {"budget": study.search.budget},
        name="searches",
        shown={f"{k}.csv": (text, CAPTIONS[f"search_{k}"]) for k, text in contents.items()},
    )


def _networks(study: Study) -> Iterator[Part]:
    """Measures of single networks, those of one in one job; some of each search's first alone."""
    closer = {"roughness": "study.landscape.roughness:roughness"} if study.roughness else {}
    rough = {"landscape": _sections(study, "samples", "profiles")}
    first, shares = first_seeds(study), []
    for neuron, seed in product(study.neurons, study.seeds):
        search, run = study.search_of(seed), f"training/{neuron}/{seed}"
        more = closer if first[search] == seed else {}
        measures = {
            "runs": "study.training.evaluation:evaluation",
            "silence": "study.training.silence:silence",
            **more,
        }
        share = Part(
            f"networks/jobs/{neuron}/{seed}",
            " ".join(measures.values()),
            " ".join(f"{table}.parquet" for table in ("samples", *measures)),
            by_name(
                EVENTS,
                split_of(study, search),
                f"{run}/snapshots.safetensors",
                f"{run}/history.parquet",
                checkpoint=f"{run}/trained.safetensors",
            ),
            {"search": search} | (rough if more else {}),
            "networks",
            limits=LONG,
        )
        shares.append(share)
        yield share
    tables = " ".join(f"{name}.csv" for name in closer)
    yield _joined(
        "networks/measures", shares, f"runs.parquet samples.parquet silence.parquet {tables}"
    )


def _sections(study: Study, *names: str) -> dict[str, Any]:
    """Some sections of the landscapes' settings; a change of another one repeats nothing."""
    return study.landscape.model_dump(mode="json", include=set(names))


def _training(study: Study) -> Iterator[Part]:
    yield Part(
        "training/scores",
        "study.training.scores:scores",
        "runs.csv summary.csv speakers.csv histories.parquet",
        by_name(
            "networks/measures/runs.parquet",
            "networks/measures/samples.parquet",
            histories=run_files(study, "history.parquet"),
        ),
        searches_and_folds(study),
        digits={"summary.csv": 5, "speakers.csv": 6},
        shown={
            "runs.csv": ("all runs", ""),
            "summary.csv": ("means over seeds", CAPTIONS["training_summary"]),
        },
    )
    seed = study.seeds[0]
    yield Part(
        "training/traces",
        "study.training.traces:rasters",
        "rasters.parquet",
        by_name(
            EVENTS,
            split_of_seed(study, seed),
            checkpoints=[f"training/{n}/{seed}/trained.safetensors" for n in study.neurons],
        ),
        limits=SHORT,
    )


LANDSCAPE_MEASURES = {
    "surfaces": (["lines", "planes"], "lines.parquet planes.parquet"),
    "closeups": (["closeups"], "closeups.parquet"),
    "census": (["census"], "changes.parquet census_lines.parquet"),
    "profiles": (["profiles"], "profiles.parquet profile_minima.parquet"),
    "gradients": (["steps", "updates"], "steps.parquet step_losses.parquet updates.csv"),
}
"""What is measured around every network, each by the function of this name in the module of this
name in study.landscape: the sections of settings that it reads, and its tables, joined."""
SORTED_BY = (
    *("neuron", "seed", "state", "direction", "direction2", "sample"),
    *("search", "depth", "epoch", "batch", "t", "reach", "of", "x", "y"),
)


def _landscape(study: Study) -> Iterator[Part]:
    seeds = study.landscape.seeds or ()
    if not seeds:
        return
    networks = list(product(study.neurons, seeds))
    for measure, (sections, tables) in LANDSCAPE_MEASURES.items():
        shares = [
            Part(
                f"landscape/jobs/{measure}/{neuron}/{seed}/{job}",
                f"study.landscape.{measure}:{measure}",
                tables.replace(".csv", ".parquet"),
                by_name(
                    EVENTS,
                    split_of_seed(study, seed),
                    f"training/{neuron}/{seed}/snapshots.safetensors",
                    checkpoint=f"training/{neuron}/{seed}/trained.safetensors",
                    directions=f"landscape/directions/{neuron}/{seed}.safetensors",
                ),
                {"landscape": _sections(study, "samples", "jobs", *sections), "number": job},
                measure,
                limits=LONG,
            )
            for (neuron, seed), job in product(networks, range(study.landscape.jobs))
        ]
        yield from [*shares, _joined(f"landscape/{measure}", shares, tables, SORTED_BY)]
    contents = {
        "states": "the networks looked at",
        "census": "summary of the census",
    }
    yield Part(
        "landscape/summary",
        "study.landscape.network_measures:summarise",
        "states.csv line_minima.parquet plane_minima.parquet census.csv measures.csv",
        by_name(
            "landscape/surfaces/lines.parquet",
            "landscape/surfaces/planes.parquet",
            "landscape/census/changes.parquet",
            "landscape/census/census_lines.parquet",
            "landscape/profiles/profiles.parquet",
            "landscape/profiles/profile_minima.parquet",
            "landscape/gradients/steps.parquet",
            "landscape/gradients/updates.csv",
            states=[f"landscape/directions/{seed}.parquet" for seed in seeds],
        ),
        searches_and_folds(study),
        "landscapes",
        digits={"measures.csv": 6},
        shown={f"{k}.csv": (text, CAPTIONS[f"landscape_{k}"]) for k, text in contents.items()},
    )
    yield Part(
        "landscape/examples",
        "study.landscape.examples:examples",
        "changes.parquet losses.parquet potentials.parquet",
        by_name(
            EVENTS,
            "landscape/census/changes.parquet",
            splits=[split_of_seed(study, seed) for _, seed in networks],
            directions=[f"landscape/directions/{n}/{seed}.safetensors" for n, seed in networks],
        ),
        {"landscape": _sections(study, "samples", "example_points"), "networks": networks},
        limits=LONG,
    )


def _variants(study: Study) -> Iterator[Part]:
    for file, variant in variants(study).items():
        cases = list(product(variant.cases.items(), variant.seeds))
        rough = _sections(study, "samples", "profiles") if variant.roughness else None
        shares = []
        for neuron in neurons_of(study, variant):
            runs = [f"variants/networks/{file}/{case}/{neuron}/{seed}" for (case, _), seed in cases]
            share = Part(
                f"variants/jobs/{file}/{neuron}",
                "study.variant_scores:score",
                "runs.parquet speakers.parquet",
                by_name(
                    EVENTS,
                    split_of(study, 0),
                    checkpoints=[f"{run}/trained.safetensors" for run in runs],
                    histories=[f"{run}/history.parquet" for run in runs],
                ),
                {
                    "change": by_file(study)[file],
                    "to": [case.name for (_, case), _ in cases],
                    "inner": [seed % study.data.inner_folds for _, seed in cases],
                    "fold": study.fold_of(0),
                    "landscape": rough,
                },
                "variants",
                limits=LONG,
            )
            shares.append(share)
        yield from [*shares, _joined(f"variants/scores/{file}", shares, "runs.csv speakers.csv")]


def _ntk(study: Study) -> Iterator[Part]:
    ntk, limits = study.ntk, (2000, 240)
    yield Part(
        "ntk/limits",
        "study.ntk.limits:limits",
        "problem.csv diagonals.csv",
        limits=limits,
    )
    for experiment in ntk.experiments():
        for job in range(len(experiment.jobs())):
            yield Part(
                f"ntk/networks/{experiment.name}/{job}",
                "study.ntk.experiments:networks",
                "networks.parquet",
                {},
                {"experiment": experiment.model_dump(mode="json"), "job": job},
                "dense_networks",
                limits=limits,
            )
    for experiment in ntk.kernels:
        yield Part(
            f"ntk/kernels/{experiment.name}",
            "study.ntk.convergence:kernels",
            "analytic.parquet errors.parquet mean_errors.csv exponents.csv growth.csv",
            by_name(networks=dense_networks(experiment)),
            {"experiment": experiment.model_dump(mode="json")},
            "kernels",
            digits={"mean_errors.csv": 6},
            limits=limits,
        )
    for experiment in ntk.ensembles:
        yield Part(
            f"ntk/comparison/{experiment.name}",
            "study.ntk.comparison:comparison",
            "predictions.parquet distances.csv spreads.csv trends.csv",
            by_name(networks=dense_networks(experiment)),
            {"experiment": experiment.model_dump(mode="json")},
            "comparison",
            limits=limits,
        )


def dense_networks(experiment: NTKExperiment) -> list[str]:
    """The tables of an experiment's networks."""
    jobs = range(len(experiment.jobs()))
    return [f"ntk/networks/{experiment.name}/{job}/networks.parquet" for job in jobs]


def kernel_tables(experiments: Sequence[NTKExperiment], table: str) -> list[str]:
    """A table of each experiment that compares kernels of networks with the analytic one."""
    return [f"ntk/kernels/{experiment.name}/{table}" for experiment in experiments]


def comparison_tables(experiments: Sequence[NTKExperiment], table: str) -> list[str]:
    """A table of each experiment that compares trained networks with predictions."""
    return [f"ntk/comparison/{experiment.name}/{table}" for experiment in experiments]


def with_surrogate(study: Study, surrogate: bool) -> list[KernelExperiment]:
    """The experiments on kernels with a surrogate derivative, or those without."""
    kernels = study.ntk.kernels
    return [e for e in kernels if (e.surrogate.name != TRUE_DERIVATIVE) == surrogate]


def ensembles(study: Study, gaussian_inputs: bool = False) -> list[Ensemble]:
    """The experiments on trained networks with inputs on the circle, or with Gaussian ones."""
    return [e for e in study.ntk.ensembles if bool(e.gaussian_inputs) == gaussian_inputs]


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


def pictures(study: Study) -> dict[str, Picture]:
    """All figures of a study, by their files without a suffix."""
    stages = (_of_papers, _of_landscapes, _of_training, _of_variants, _of_data, _of_ntk)
    return {picture.file: picture for stage in stages for picture in stage(study)}


def _trials(study: Study) -> list[str]:
    """The trials of all searches, if there are any."""
    return ["search/summary/trials.parquet"] if study.search else []


def _of_papers(study: Study) -> Iterator[Picture]:
    """What several stages found, a figure for each section of the papers."""
    several, seeds = len(study.neurons) > 1, study.landscape.seeds or ()
    if several:
        yield Picture(
            "figures/performance",
            "study.figures.performance:draw",
            "1: LIF and QIF, performance",
            by_name(
                "training/scores/histories.parquet",
                "training/scores/runs.csv",
                "training/scores/speakers.csv",
                *_trials(study),
            ),
            caption=CAPTIONS["paper_performance"],
        )
    if several and seeds:
        yield Picture(
            "figures/landscapes",
            "study.figures.landscapes:draw",
            "1: LIF and QIF, landscapes",
            by_name(
                "landscape/surfaces/planes.parquet",
                "landscape/gradients/step_losses.parquet",
                "landscape/summary/line_minima.parquet",
            ),
            {"seed": seeds[0], "pair": study.landscape.planes.directions[0]},
            CAPTIONS["paper_landscapes"],
        )
        yield Picture(
            "figures/samples",
            "study.figures.single_samples:draw",
            "1: LIF and QIF, single samples",
            by_name(
                "landscape/census/changes.parquet",
                "landscape/summary/census.csv",
                "landscape/profiles/profiles.parquet",
                "landscape/examples/losses.parquet",
                "landscape/examples/potentials.parquet",
                examples="landscape/examples/changes.parquet",
            ),
            caption=CAPTIONS["paper_samples"],
        )
        yield Picture(
            "figures/surfaces",
            "study.figures.surfaces:draw",
            "1: LIF and QIF, surfaces to turn",
            by_name("landscape/surfaces/planes.parquet"),
            {"seed": seeds[0]},
            CAPTIONS["paper_surfaces"],
            "html",
        )
    naive, surrogate = with_surrogate(study, False), with_surrogate(study, True)
    if naive and surrogate:
        first = study.ntk.ensembles[0]
        yield Picture(
            "figures/sg_ntk",
            "study.figures.sg_ntk:draw",
            "2: surrogate-gradient NTK",
            by_name(
                *kernel_tables(surrogate[:1], "errors.parquet"),
                *comparison_tables([first], "predictions.parquet"),
                *comparison_tables([first], "distances.csv"),
                "ntk/limits/problem.csv",
                naive_analytic=kernel_tables(naive[:1], "analytic.parquet"),
                surrogate_analytic=kernel_tables(surrogate[:1], "analytic.parquet"),
                networks=dense_networks(first),
            ),
            caption=CAPTIONS["paper_sg_ntk"],
        )


def _of_landscapes(study: Study) -> Iterator[Picture]:
    if study.landscape.seeds:
        yield Picture(
            "landscape/figures/closeups",
            "study.figures.closeups:draw",
            "close-ups of loss and gradient",
            by_name("landscape/closeups/closeups.parquet"),
            {"seed": study.landscape.seeds[0]},
            CAPTIONS["landscape_closeups"],
        )


def _of_training(study: Study) -> Iterator[Picture]:
    yield Picture(
        "training/figures/learning_curves",
        "study.figures.learning_curves:draw",
        "learning curves",
        by_name("training/scores/histories.parquet", "training/scores/runs.csv"),
        caption=CAPTIONS["learning_curves"],
    )
    yield Picture(
        "training/figures/confusion",
        "study.figures.confusion:draw",
        "confusion matrices",
        by_name("networks/measures/samples.parquet"),
        caption=CAPTIONS["confusion"],
    )
    yield Picture(
        "training/figures/rasters",
        "study.figures.rasters:draw",
        "rasters",
        by_name("training/traces/rasters.parquet"),
        caption=CAPTIONS["rasters"],
    )
    if study.search and len(study.neurons) > 1:
        yield Picture(
            "search/figures/same_settings",
            "study.figures.same_settings:draw",
            "the same settings with each neuron model",
            by_name(*_trials(study), "data/statistics/summary.csv"),
            caption=CAPTIONS["search_same_settings"],
        )


def _of_variants(study: Study) -> Iterator[Picture]:
    for file in variants(study):
        yield Picture(
            f"variants/figures/variants_{file}",
            "study.figures.variants:draw",
            f"variant, {file}",
            by_name("training/scores/runs.csv", table=f"variants/scores/{file}/runs.csv"),
            caption=CAPTIONS["variants"],
        )


def _of_data(study: Study) -> Iterator[Picture]:
    yield Picture(
        "data/figures/data",
        "study.figures.data:draw",
        "examples and statistics",
        by_name(*(f"data/statistics/{n}.parquet" for n in ("examples", "samples", "profiles"))),
        {"n_units": study.data.n_inputs},
        CAPTIONS["data"],
    )
    if study.data.source == "heidelberg-digits":
        yield Picture(
            "data/figures/shd_comparison",
            "study.figures.shd_comparison:draw",
            "beside SHD",
            by_name("data/statistics/samples.parquet"),
            {"merged": study.data.channels is not None},
            CAPTIONS["shd_comparison"],
        )


def _of_ntk(study: Study) -> Iterator[Picture]:
    ntk, circle = study.ntk, ensembles(study)
    for experiment in ntk.kernels:
        yield Picture(
            f"ntk/figures/kernels_{experiment.name}",
            "study.figures.kernels:draw",
            f"kernels, {experiment.name}",
            by_name(
                *kernel_tables([experiment], "analytic.parquet"),
                networks=dense_networks(experiment),
            ),
            {"experiment": experiment.model_dump(mode="json")},
            CAPTIONS["ntk_kernels"],
        )
    for quantity in ("error", "drift"):
        yield Picture(
            f"ntk/figures/kernel_{quantity}",
            "study.figures.kernel_widths:draw",
            f"kernels of finite networks against width, {quantity}",
            by_name(
                errors=kernel_tables(ntk.kernels, "errors.parquet"),
                exponents=kernel_tables(ntk.kernels, "exponents.csv"),
            ),
            {"experiments": [experiment.name for experiment in ntk.kernels], "quantity": quantity},
            CAPTIONS["ntk_kernel"],
        )
    for ensemble in circle:
        yield Picture(
            f"ntk/figures/ensemble_{ensemble.name}",
            "study.figures.ensemble:draw",
            f"ensemble, {ensemble.name}",
            by_name(
                *comparison_tables([ensemble], "predictions.parquet"),
                "ntk/limits/problem.csv",
                networks=dense_networks(ensemble),
            ),
            {"experiment": ensemble.model_dump(mode="json")},
            CAPTIONS["ntk_ensemble"],
        )
    yield Picture(
        "ntk/figures/comparison",
        "study.figures.kernel_comparison:draw",
        "which kernel networks follow",
        by_name(distances=comparison_tables(circle, "distances.csv")),
        {"titles": [ensemble.in_words for ensemble in circle]},
        CAPTIONS["ntk_comparison"],
    )


def stage_files(
    tables: Mapping[str, Part], figures: Mapping[str, Picture], *stages: str
) -> list[str]:
    """All folders of ``tables``, without the shares of single jobs, and all files of ``figures``;
    of some stages alone, the first folders of their names."""
    joined = [o for o in tables if "/jobs/" not in o and "/networks/" not in o]
    drawn = [f"{file}.{suffix}" for file, own in figures.items() for suffix in own.formats.split()]
    return [o for o in [*joined, *drawn] if not stages or o.partition("/")[0] in stages]


def shown(
    tables: Mapping[str, Part], figures: Mapping[str, Picture]
) -> list[tuple[str, str, str, str]]:
    """What the report shows of each family, figures and then tables: the family, what each is, its
    file and its caption."""
    found = []
    for folder, title in FAMILIES.items():
        for file, own in figures.items():
            if file.rpartition("/")[0] == folder:
                suffix = own.formats.split()[0]
                found.append((title, own.content, f"{file}.{suffix}", own.caption))
        for part in tables.values():
            if part.folder.partition("/")[0] == folder.partition("/")[0]:
                found += [
                    (title, content, f"{part.folder}/{table}", caption)
                    for table, (content, caption) in part.shown.items()
                ]
    return found


# Claims


def claimed(study: Study) -> dict[str, Sequence[str]]:
    """Tables from which the first paper's claims are judged; none of what a study leaves out."""
    around = by_name(
        "landscape/census/changes.parquet",
        "landscape/profiles/profiles.parquet",
        "landscape/profiles/profile_minima.parquet",
        "landscape/gradients/steps.parquet",
        "landscape/gradients/updates.csv",
        "landscape/summary/census.csv",
        "landscape/summary/line_minima.parquet",
        "landscape/summary/plane_minima.parquet",
    )
    searched = by_name("search/summary/budget.csv", "search/summary/stability.csv")
    return {
        **(around if study.landscape.seeds else {key: [] for key in around}),
        **(searched if study.search else {key: [] for key in searched}),
        **by_name(
            "training/scores/runs.csv",
            "training/scores/speakers.csv",
            "training/scores/histories.parquet",
            "networks/measures/silence.parquet",
        ),
    }


def ntk_claimed(study: Study) -> dict[str, Sequence[str]]:
    """Those from which the second paper's claims are judged."""
    circle = ensembles(study)
    return by_name(
        "ntk/limits/diagonals.csv",
        "ntk/limits/problem.csv",
        exponents=kernel_tables(with_surrogate(study, True), "exponents.csv"),
        growth=kernel_tables(with_surrogate(study, False), "growth.csv"),
        distances=comparison_tables(circle, "distances.csv"),
        spreads=comparison_tables(circle, "spreads.csv"),
        trends=comparison_tables(circle, "trends.csv"),
        off_circle=comparison_tables(ensembles(study, gaussian_inputs=True), "distances.csv"),
    )
