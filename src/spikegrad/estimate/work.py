"""What each job of a study has to do: how many operations of which kind, from the settings alone.

Nothing is timed here, and nothing heavy imported, so that the workflow can ask while it is parsed.
What adapts to the loss (lines, profiles, the census) is foretold by what the kept studies took.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from statistics import mean
from typing import Any, cast

from spikegrad.config.data import HeidelbergDigits, Recordings, SpokenDigits
from spikegrad.config.landscape import Breaks, Updates
from spikegrad.config.search import SearchConfig
from spikegrad.config.study import Neuron, Study
from spikegrad.estimate.size import ACTIVITY, size_of, update_seconds, variants
from spikegrad.landscape.constants import STATES
from spikegrad.variants import Case, by_file, variant_runs

Operation = tuple[Any, ...]
"""Kind, and what it depends on: neuron model; or experiment, width and networks of a block.

``start``: a process that imports the library and loads the engine. ``other``: a second of the
machine that the constants below were measured on. ``update``, ``response``: a sample of training,
and of a forward pass. ``loss``, ``gradient``: the same in double precision, of a sample among many.
``line loss``, ``line gradient``: of a sample alone. ``census run``: the same with the
comparison of spikes. ``step``: of a block of networks beside the SG-NTK.
"""

Work = dict[Operation, float]
Wildcards = Mapping[str, str]

LINE_SHARE = 0.65  # of the points that a line may add, those that it does add
CHANGE_RUNS = 40  # runs to isolate a break from 1e-3 to 1e-13, with those beside it
SWAP_RUNS = 10  # the same of a swap, by Brent's method
SEARCHED = 4  # runs for each point that breaks are searched from
BREAKS = defaultdict(lambda: 1.0, {"qif": 0.35, "qif_delta": 0.35})
"""Breaks on a line of length 1, for each spike of the sample; a new neuron model's as LIF's."""
PROFILE = defaultdict(lambda: 6500.0, {"qif": 3500.0, "qif_delta": 3500.0})
"""Points of a profile of length 1 to both sides, likewise."""

HEARD = 0.2  # of the test samples, by speakers that training has heard, as in SHD
ROBUSTNESS = 17  # answers to each of these: as they are twice, and changed
DRAWS, STEPS = 3, 5  # of roughness: draws of samples, and steps from each


def jobs_share(n: int, job: int, jobs: int) -> int:
    """How many of ``n`` pieces number ``job`` of ``jobs`` jobs gets."""
    return len(range(job, n, jobs))


def _neuron(wildcards: Wildcards) -> Neuron:
    return cast(Neuron, wildcards["neuron"])


def _other(seconds: float) -> Callable[[Study, Wildcards], Work]:
    """Work of a job that always takes the same, its start included."""
    return lambda study, wildcards: {("other",): seconds}


def _training(study: Study, neuron: Neuron, epochs: int, samples: int | None = None) -> Work:
    """Epochs, each with its validation, and the validation before; on ``samples`` if fewer."""
    size = size_of(study.data)
    n = min(size.train, samples or size.train)
    return {
        ("update", neuron): epochs * n,
        ("response", neuron): (epochs + 1) * size.validation,
    }


def total(works: Iterable[Work]) -> Work:
    """What all of ``works`` have to do together."""
    whole: Work = {}
    for work in works:
        for operation, amount in work.items():
            whole[operation] = whole.get(operation, 0.0) + amount
    return whole


def _times(work: Work, factor: float) -> Work:
    return {operation: factor * amount for operation, amount in work.items()}


def _started(*works: Work) -> Work:
    """The sum, in one process."""
    return total([{("start",): 1.0}, *works])


def _events(study: Study) -> float:
    """Input events of all samples."""
    size = size_of(study.data)
    return size.samples * size.events


def _basilar_membrane(study: Study, wildcards: Wildcards) -> Work:
    steps = study.data.n_units * study.data.duration * _heard(study).sample_rate
    return {("other",): 0.6 + 3.8e-7 * steps}


def _heard(study: Study) -> SpokenDigits | HeidelbergDigits | Recordings:
    assert study.data.heard is not None  # else these rules are not there
    return study.data.heard


def _search(study: Study) -> SearchConfig:
    assert study.search is not None  # likewise
    return study.search


def _listen(study: Study, wildcards: Wildcards) -> Work:
    size, heard = size_of(study.data), _heard(study)
    steps = size.samples / heard.jobs * study.data.n_units * size.seconds * heard.sample_rate
    return {("other",): 1.6 + 5e-9 * steps}


def _by_event(least: float, each: float) -> Callable[[Study, Wildcards], Work]:
    return lambda study, wildcards: {("other",): least + each * _events(study)}


def _train(study: Study, wildcards: Wildcards) -> Work:
    neuron = _neuron(wildcards)
    return _started(_training(study, neuron, study.model(neuron).training.epochs))


def _search_trials(study: Study, wildcards: Wildcards) -> Work:
    trials, rung = _search(study).trials, int(wildcards["rung"])
    one = _training(study, _neuron(wildcards), trials.epochs[rung], trials.samples)
    mine = jobs_share(trials.width(rung), int(wildcards["job"]), trials.jobs(rung))
    return _started(_times(one, mine))


def _search_finalists(study: Study, wildcards: Wildcards) -> Work:
    neuron, trials = _neuron(wildcards), _search(study).trials
    runs = _search(study).selection.runs()
    jobs = -(-runs // trials.per_job_of(trials.rungs[-1]))
    one = _training(study, neuron, study.model(neuron).training.epochs)
    return _started(_times(one, jobs_share(runs, int(wildcards["job"]), jobs)))


def _evaluate(study: Study, wildcards: Wildcards) -> Work:
    size = size_of(study.data)
    n = len(study.seeds) * (size.test + size.validation)
    return _started({("response", _neuron(wildcards)): n})


def _silence(study: Study, wildcards: Wildcards) -> Work:
    neuron = _neuron(wildcards)
    work = _training(study, neuron, study.silence.epochs)
    work["update", neuron] += size_of(study.data).train  # which neurons have a gradient
    return _started(work)


def _spikes(study: Study, neuron: Neuron) -> float:
    """Spikes of a sample, in all layers."""
    return ACTIVITY[neuron] * sum(study.model(neuron).network.layers)


def _break_runs(study: Study, neuron: Neuron, where: Breaks | Updates, length: float) -> float:
    """Runs of the network to find and isolate the breaks on a line."""
    runs = SEARCHED * where.points + CHANGE_RUNS * BREAKS[neuron] * _spikes(study, neuron) * length
    return min(runs, where.most)


def _lines(directions: int, samples: int) -> int:
    """Lines of a run."""
    return len(STATES) * directions * samples


def _directions(study: Study, wildcards: Wildcards) -> Work:
    options = study.landscape
    works: list[Work] = []
    for neuron in study.neurons:
        courses = 2 * study.model(neuron).training.snapshots
        works.append(
            {
                ("loss", neuron): options.samples * courses,
                ("gradient", neuron): options.samples * len(STATES),
            }
        )
    return _started(*works)


def _surface(study: Study, wildcards: Wildcards) -> Work:
    neuron, options = _neuron(wildcards), study.landscape
    lines, planes = options.lines, options.planes
    points = lines.points + LINE_SHARE * max(0, lines.most - lines.points)
    places = _lines(len(lines.directions), 1)
    gradients = (-(-planes.points // planes.gradient_every)) ** 2
    sides = _lines(len(planes.directions), 1)
    losses = places * points + sides * (planes.points**2 - gradients)
    whole: Work = {("loss", neuron): losses, ("gradient", neuron): sides * gradients}
    return _started(_times(whole, options.samples / options.jobs))


def _census(study: Study, wildcards: Wildcards) -> Work:
    neuron, options = _neuron(wildcards), study.landscape
    breaks, swaps = options.census.breaks, options.census.swaps
    runs = _break_runs(study, neuron, breaks, 2 * breaks.reach)
    runs += swaps.points + SWAP_RUNS * swaps.most
    lines = _lines(len(options.census.directions), options.census.samples)
    return _started({("census run", neuron): lines * runs / options.jobs})


def _profile_points(study: Study, neuron: Neuron) -> float:
    profiles = study.landscape.profiles
    return min(max(profiles.points, PROFILE[neuron] * profiles.reach), 0.85 * profiles.most)


def _profiles(study: Study, wildcards: Wildcards) -> Work:
    neuron, options = _neuron(wildcards), study.landscape
    lines = _lines(len(options.profiles.directions), options.profiles.samples)
    points = _profile_points(study, neuron)
    return _started({("line loss", neuron): lines * points / options.jobs})


def _roughness(study: Study, neuron: Neuron, steps: int) -> Work:
    """On one draw of samples, with steps of so many lengths, clipped and not."""
    options = study.landscape
    return {
        ("line loss", neuron): options.profiles.samples * _profile_points(study, neuron),
        ("gradient", neuron): 2 * (1 + steps) * options.samples,
    }


def _robustness(study: Study, neuron: Neuron) -> Work:
    return {("response", neuron): ROBUSTNESS * HEARD * size_of(study.data).test}


def _measure_network(study: Study, wildcards: Wildcards) -> Work:
    neuron, works = _neuron(wildcards), []
    if "roughness" in study.measures:
        works.append(_times(_roughness(study, neuron, STEPS), DRAWS))
    if "robustness" in study.measures:
        works.append(_robustness(study, neuron))
    return _started(*works)


def _relative(study: Study, neuron: Neuron, case: Case) -> float:
    """How much more a network of a variant's case costs than those of the study, on average."""
    network = study.model(neuron).with_parameters(case.parameters).network
    return update_seconds(study, neuron, network) / mean(
        update_seconds(study, neuron, own) for own in variants(study, neuron)
    )


def _train_variant(study: Study, wildcards: Wildcards) -> Work:
    neuron, name = _neuron(wildcards), by_file(study)[wildcards["variant"]]
    runs = variant_runs(study, name)
    case = next(run.case for run in runs if run.case.slug == wildcards["case"])
    epochs = study.model(neuron).with_parameters(case.parameters).training.epochs
    training = _training(study, neuron, epochs, case.samples)
    return _started(_times(training, _relative(study, neuron, case)))


def _score_variant(study: Study, wildcards: Wildcards) -> Work:
    neuron, name = _neuron(wildcards), by_file(study)[wildcards["variant"]]
    works: list[Work] = [{("response", neuron): size_of(study.data).test}]
    if "roughness" in study.variants[name].measures:
        works.append(_roughness(study, neuron, 1))
    if "robustness" in study.variants[name].measures:
        works.append(_robustness(study, neuron))
    runs = [run for run in variant_runs(study, name) if run.neuron == neuron]
    return _started(
        *(_times(work, _relative(study, neuron, run.case)) for run in runs for work in works)
    )


def _runaway(study: Study, wildcards: Wildcards) -> Work:
    options = study.runaway
    simulated = 18.0 * options.networks * (options.neurons / 200) ** 2
    gains = sum(study.model(n).training.snapshots for n in study.neurons if n == "lif")
    return {("other",): 3.0 + simulated + 0.1 * gains * len(study.seeds)}


def _gradients(study: Study, wildcards: Wildcards) -> Work:
    neuron, options = _neuron(wildcards), study.landscape
    training = study.model(neuron).training
    steps = min(options.steps.number, training.snapshots - 1)
    samples = training.batch_size + options.samples
    updates = options.updates
    runs = updates.samples * _break_runs(study, neuron, updates, updates.length)
    whole: Work = {
        ("gradient", neuron): steps * (options.steps.points + 2) * samples,
        ("census run", neuron): steps * runs,
        ("line gradient", neuron): _lines(1, options.samples),
    }
    return _started(_times(whole, 1 / options.jobs))


def _examples(study: Study, wildcards: Wildcards) -> Work:
    points = 2 * 2 * study.landscape.examples.points
    runs: Work = {("line loss", neuron): points for neuron in study.neurons}
    return _started(runs, {("other",): 5.0})  # compiles the potentials' kernel


def _ntk_train(study: Study, wildcards: Wildcards) -> Work:
    experiment = study.ntk.experiment(wildcards["experiment"])
    cells = experiment.jobs()[int(wildcards["job"])]
    steps = float(experiment.record_steps[-1])
    return _started(
        *({("step", experiment.name, cell.width, cell.n_networks): steps} for cell in cells)
    )


def _ntk_stability(study: Study, wildcards: Wildcards) -> Work:
    options = study.ntk.stability
    cases = len(options.surrogates) * len(options.depths) * len(options.n_inputs)
    kernels = cases * (options.n_draws + options.n_refined * options.evaluations)
    return {("other",): 2.4 + 1.5e-4 * kernels}


WORK: dict[str, Callable[[Study, Wildcards], Work]] = {
    "all": lambda study, wildcards: {},
    "download_archive": _other(60),
    "download": _other(60),
    "tabulate": _other(0.9),
    "basilar_membrane": _basilar_membrane,
    "listen": _listen,
    "merge_heard": _by_event(1.0, 5e-8),
    "prepare": _by_event(0.3, 2.7e-8),
    "data_statistics": _by_event(2.8, 5e-8),
    "compare_with_shd": _other(2),
    "search_data": _by_event(0.3, 2e-8),
    "search_suggest": _other(1),
    "search_trials": _search_trials,
    "search_finalists": _search_finalists,
    "search_best": _other(1.5),
    "search_tables": _other(0.8),
    "compile_engine": lambda study, wildcards: _started(),  # the estimate has compiled it
    "train": _train,
    "train_equal_activity": _train,
    "evaluate": _evaluate,
    "silence": _silence,
    "summarise": _other(0.9),
    "runaway": _runaway,
    "best_networks": _other(0.7),
    "measure_network": _measure_network,
    "join_networks": _other(0.6),
    "draw_variant": _other(1),
    "train_variant": _train_variant,
    "score_variant": _score_variant,
    "join_variant": _other(0.6),
    "join_variant_robustness": _other(0.6),
    "rank_variants": _other(0.7),
    "record_traces": _other(7.5),
    "landscape_directions": _directions,
    "landscape_surface": _surface,
    "landscape_merge": _other(0.6),
    "landscape_fragmentation": _other(0.8),
    "landscape_census": _census,
    "landscape_changes": _other(0.6),
    "landscape_profiles": _profiles,
    "landscape_gradients": _gradients,
    "landscape_join": _other(0.6),
    "landscape_measures": _other(0.7),
    "landscape_examples": _examples,
    "ntk_train": _ntk_train,
    "ntk_kernels": _other(2.8),
    "ntk_comparison": lambda study, wildcards: {("other",): 2.2 + 0.3 * len(study.ntk.ensembles)},
    "ntk_limits": _other(2.6),
    "ntk_stability": _ntk_stability,
    "judge_claims": _other(1.5),
    "judge_ntk_claims": _other(1.5),
    "study_page": _other(0.9),
    "ntk_page": _other(0.9),
}
"""By rule; figures, whose rules are many, count as :data:`FIGURE`."""
FIGURE = _other(2.0)


def work_of(study: Study, rule: str, wildcards: Wildcards) -> Work:
    """What a job of ``rule`` does.

    Raises
    ------
    KeyError
        If it is not told here of that rule.
    """
    work = FIGURE if rule.startswith("plot_") else WORK[rule]
    return work(study, wildcards)
