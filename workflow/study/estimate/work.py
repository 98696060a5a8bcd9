"""What each job of a study has to do: how many operations of which kind, from the settings alone.

Nothing is timed here, and nothing heavy imported, so that the workflow can ask while it is parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

from study.config.data import HeidelbergDigits, Recordings, SpokenDigits
from study.config.search import SearchConfig
from study.config.study import Neuron, Study
from study.config.variant_runs import Case, by_file, variant_runs
from study.estimate.landscape_work import (
    census,
    directions,
    examples,
    gradients,
    profiles,
    roughness,
    surfaces,
)
from study.estimate.operations import (
    Wildcards,
    Work,
    jobs_share,
    neuron_of,
    other,
    started,
    times,
    training,
)
from study.estimate.size import size_of, update_seconds, variants

HEARD = 0.2  # of the test samples, by speakers that training has heard, as in SHD
ROBUSTNESS = 17  # answers to each of these: as they are twice, and changed
DRAWS, STEPS = 3, 5  # of roughness: draws of samples, and steps from each


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
    neuron = neuron_of(wildcards)
    return started(training(study, neuron, study.model(neuron).training.epochs))


def _search_trials(study: Study, wildcards: Wildcards) -> Work:
    trials, rung = _search(study).trials, int(wildcards["rung"])
    one = training(study, neuron_of(wildcards), trials.epochs[rung], trials.samples)
    mine = jobs_share(trials.width(rung), int(wildcards["job"]), trials.jobs(rung))
    return started(times(one, mine))


def _search_finalists(study: Study, wildcards: Wildcards) -> Work:
    neuron, search = neuron_of(wildcards), _search(study)
    one = training(study, neuron, study.model(neuron).training.epochs)
    mine = jobs_share(search.selection.runs(), int(wildcards["job"]), search.finalist_jobs())
    return started(times(one, mine))


def _evaluate(study: Study, wildcards: Wildcards) -> Work:
    size = size_of(study.data)
    n = len(study.seeds) * (size.test + size.validation)
    return started({("response", neuron_of(wildcards)): n})


def _silence(study: Study, wildcards: Wildcards) -> Work:
    neuron = neuron_of(wildcards)
    work = training(study, neuron, study.silence.epochs)
    work["update", neuron] += size_of(study.data).train  # which neurons have a gradient
    return started(work)


def _robustness(study: Study, neuron: Neuron) -> Work:
    return {("response", neuron): ROBUSTNESS * HEARD * size_of(study.data).test}


def _measure_network(study: Study, wildcards: Wildcards) -> Work:
    neuron, works = neuron_of(wildcards), []
    if "roughness" in study.measures:
        works.append(times(roughness(study, neuron, STEPS), DRAWS))
    if "robustness" in study.measures:
        works.append(_robustness(study, neuron))
    return started(*works)


def _relative(study: Study, neuron: Neuron, case: Case) -> float:
    """How much more a network of a variant's case costs than those of the study, on average."""
    network = study.model(neuron).with_parameters(case.parameters).network
    return update_seconds(study, neuron, network) / mean(
        update_seconds(study, neuron, own) for own in variants(study, neuron)
    )


def _train_variant(study: Study, wildcards: Wildcards) -> Work:
    neuron, name = neuron_of(wildcards), by_file(study)[wildcards["variant"]]
    runs = variant_runs(study, name)
    case = next(run.case for run in runs if run.case.slug == wildcards["case"])
    epochs = study.model(neuron).with_parameters(case.parameters).training.epochs
    one = training(study, neuron, epochs, case.samples)
    return started(times(one, _relative(study, neuron, case)))


def _score_variant(study: Study, wildcards: Wildcards) -> Work:
    neuron, name = neuron_of(wildcards), by_file(study)[wildcards["variant"]]
    works: list[Work] = [{("response", neuron): size_of(study.data).test}]
    if "roughness" in study.variants[name].measures:
        works.append(roughness(study, neuron, 1))
    if "robustness" in study.variants[name].measures:
        works.append(_robustness(study, neuron))
    runs = [run for run in variant_runs(study, name) if run.neuron == neuron]
    return started(
        *(times(work, _relative(study, neuron, run.case)) for run in runs for work in works)
    )


def _runaway(study: Study, wildcards: Wildcards) -> Work:
    options = study.runaway
    simulated = 18.0 * options.networks * (options.neurons / 200) ** 2
    gains = sum(study.model(n).training.snapshots for n in study.neurons if n == "lif")
    return {("other",): 3.0 + simulated + 0.1 * gains * len(study.seeds)}


def _ntk_train(study: Study, wildcards: Wildcards) -> Work:
    experiment = study.ntk.experiment(wildcards["experiment"])
    cells = experiment.jobs()[int(wildcards["job"])]
    steps = float(experiment.record_steps[-1])
    return started(
        *({("step", experiment.name, cell.width, len(cell.networks)): steps} for cell in cells)
    )


def _ntk_stability(study: Study, wildcards: Wildcards) -> Work:
    options = study.ntk.stability
    cases = len(options.surrogates) * len(options.depths) * len(options.n_inputs)
    kernels = cases * (options.n_draws + options.n_refined * options.evaluations)
    return {("other",): 2.4 + 1.5e-4 * kernels}


WORK: dict[str, Callable[[Study, Wildcards], Work]] = {
    "all": lambda study, wildcards: {},
    "download_archive": other(60),
    "download": other(60),
    "tabulate": other(0.9),
    "basilar_membrane": _basilar_membrane,
    "listen": _listen,
    "merge_heard": _by_event(1.0, 5e-8),
    "prepare": _by_event(0.3, 2.7e-8),
    "data_statistics": _by_event(2.8, 5e-8),
    "compare_with_shd": other(2),
    "search_data": _by_event(0.3, 2e-8),
    "search_suggest": other(1),
    "search_trials": _search_trials,
    "search_finalists": _search_finalists,
    "search_best": other(1.5),
    "search_tables": other(0.8),
    "compile_engine": lambda study, wildcards: started(),  # the estimate has compiled it
    "train": _train,
    "train_equal_activity": _train,
    "evaluate": _evaluate,
    "silence": _silence,
    "summarise": other(0.9),
    "runaway": _runaway,
    "best_networks": other(0.7),
    "measure_network": _measure_network,
    "join_networks": other(0.6),
    "draw_variant": other(1),
    "train_variant": _train_variant,
    "score_variant": _score_variant,
    "join_variant": other(0.6),
    "join_variant_robustness": other(0.6),
    "rank_variants": other(0.7),
    "record_traces": other(7.5),
    "landscape_directions": directions,
    "landscape_surfaces": surfaces,
    "landscape_states": other(0.6),
    "landscape_fragmentation": other(0.8),
    "landscape_census": census,
    "landscape_profiles": profiles,
    "landscape_gradients": gradients,
    "landscape_summary": other(0.7),
    "landscape_examples": examples,
    "ntk_train": _ntk_train,
    "ntk_kernels": other(2.8),
    "ntk_comparison": lambda study, wildcards: {("other",): 2.2 + 0.3 * len(study.ntk.ensembles)},
    "ntk_limits": other(2.6),
    "ntk_stability": _ntk_stability,
    "judge_claims": other(1.5),
    "judge_ntk_claims": other(1.5),
    "study_page": other(0.9),
    "ntk_page": other(0.9),
}
"""By rule; figures, whose rules are many, count as :data:`FIGURE`."""
FIGURE = other(2.0)
JOIN = other(0.6)  # of the tables of a measure of landscapes


def work_of(study: Study, rule: str, wildcards: Wildcards) -> Work:
    """What a job of ``rule`` does; a measure of landscapes that is unknown counts as surfaces.

    Raises
    ------
    KeyError
        If any other rule is unknown.
    """
    if rule.startswith("plot_"):
        return FIGURE(study, wildcards)
    if rule.startswith("landscape_join_"):
        return JOIN(study, wildcards)
    measure = rule.startswith("landscape_") and rule not in WORK
    return WORK["landscape_surfaces" if measure else rule](study, wildcards)
