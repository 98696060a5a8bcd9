"""What each job of a study has to do: how many operations of which kind, from the settings alone.

Nothing is timed here, and nothing heavy imported, so that the workflow can ask while it is parsed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log2
from typing import cast

from spikegrad.network_settings import NetworkSettings
from study.config.landscape import Breaks, Updates
from study.config.study import Neuron, Study
from study.config.training import MOST_WATCHED
from study.config.variants import Variant, by_file
from study.estimate.size import (
    ACTIVITY,
    IN_TRAINING,
    candidates,
    copies,
    effort,
    leaves_grid,
    n_weights,
    size_of,
    snapshots,
)
from study.landscape.constants import STATES

Operation = tuple[str, ...]
"""Kind, and neuron model where it depends on that.

``start``: a process that imports the library and loads the engine. ``other``: a second of the
machine that the constants were measured on. ``update``, ``response``: a unit of
:func:`size.effort` in training, and in a forward pass. ``loss``, ``gradient``: the same in double
precision. ``call``: of a network, for a sample alone; it counts once, and once for every
:data:`HANDED` weights that it is given.
"""
Work = dict[Operation, float]
Wildcards = Mapping[str, str]

ROBUSTNESS = 17  # forward passes over the test samples: as they are twice, and changed
DRAWS, STEPS = 3, 5  # of roughness: draws of samples, and steps from each
LINE_JUMPS = 22  # on a line of the mean loss, each halved down to `lines.spacing`
HANDED = 50_000
COMPARED = 2  # forward passes that one takes as long as whose spikes are compared
CHANGE_RUNS, SWAP_RUNS = 40, 10  # to isolate a break to 1e-13, with those beside it; a swap
SEARCHED = 4  # runs for each point that breaks are searched from
BREAKS = defaultdict(lambda: 1.6e-4, {"qif_delta": 0.7e-4})
"""Breaks on a line of length 1, for each spike and each that arrives at its neuron in the sample; a
new neuron model's as LIF's."""
PROFILE = defaultdict(lambda: 6500.0, {"qif": 3500.0, "qif_delta": 3500.0})
"""Points of a profile of length 1 to both sides, likewise."""

FIXED = {  # seconds of rules whose work does not depend on the settings, their start included
    "all": 0.0, "download_archive": 60.0, "download": 60.0, "basilar_membrane": 6.0,
    "compile_engine": 2.5, "record_traces": 7.5, "ntk_comparison": 4.0, "ntk_kernels": 2.8,
    "ntk_limits": 2.6,
}  # fmt: skip
FIGURE, TABLE = 2.0, 1.0  # seconds of the other rules
BY_EVENT = {  # seconds, and those of an event of the data
    "merge_encoded": (1.0, 5e-8),
    "prepare": (0.3, 2.7e-8),
    "data_statistics": (2.8, 5e-8),
}


def work_of(study: Study, rule: str, wildcards: Wildcards) -> Work:
    """What a job of ``rule`` does."""
    if counted(rule):
        work: Work = getattr(Rules(study, wildcards), rule)()
        return work
    size = size_of(study.data)
    seconds, by_event = BY_EVENT.get(rule, (FIGURE if rule.startswith("plot_") else TABLE, 0.0))
    return {("other",): FIXED.get(rule, seconds + by_event * size.samples * size.events)}


def counted(rule: str) -> bool:
    """Whether the work of ``rule`` depends on more settings than the data's."""
    return not rule.startswith("_") and hasattr(Rules, rule)


def total(*works: Work) -> Work:
    """What all of ``works`` have to do together."""
    whole: Work = defaultdict(float)
    for work in works:
        for operation, amount in work.items():
            whole[operation] += amount
    return dict(whole)


def times(factor: float, work: Work) -> Work:
    return {operation: factor * amount for operation, amount in work.items()}


def started(*works: Work) -> Work:
    """The sum, in one process."""
    return total({("start",): 1.0}, *works)


class Rules:
    """A job with its ``wildcards``; a method a rule says what it does."""

    def __init__(self, study: Study, wildcards: Wildcards) -> None:
        self._study, self._landscape, self._size = study, study.landscape, size_of(study.data)
        self._wildcards = wildcards
        self._neuron = cast(Neuron, wildcards.get("neuron"))

    def _training(self, epochs: int) -> Work:
        """Epochs on all samples but those for testing, and passes over those watched."""
        return self._epochs_of(epochs, self._size.train, min(MOST_WATCHED, self._size.train))

    def _trial(self, epochs: int, samples: int | None = None) -> Work:
        """Epochs in an inner fold, with passes over those watched; one over those that validate."""
        n = self._inside(samples)
        validated = self._passes(self._size.validation)
        return total(self._epochs_of(epochs, n, min(MOST_WATCHED, n)), validated)

    def _inside(self, samples: int | None) -> int:
        """Training samples in an inner fold, or ``samples`` if these are fewer."""
        n = self._size.train - self._size.validation
        return min(n, samples or n)

    def _epochs_of(
        self, epochs: int, n: int, watched: int, networks: Sequence[NetworkSettings] = ()
    ) -> Work:
        """Epochs on ``n`` samples, and passes over those ``watched``, after each and before."""
        off_grid = leaves_grid(self._study, self._neuron)
        updates = self._passes(epochs * n, networks, off_grid)["response", self._neuron]
        responses = self._passes((epochs + 1) * watched, networks)
        return {("update", self._neuron): updates, **responses}

    def _passes(
        self, samples: float, networks: Sequence[NetworkSettings] = (), off_grid: bool = False
    ) -> Work:
        """Forward passes through ``networks``, on average, or those that a search tries."""
        tried = networks or candidates(self._study, self._neuron)
        each = effort(self._study, tried, IN_TRAINING[self._neuron], off_grid)
        return {("response", self._neuron): samples * each}

    def _around(self, losses: float, gradients: float = 0, calls: float = 0) -> Work:
        """For how many samples the loss and the gradient are evaluated around a trained network,
        and in how many calls where each is for a sample alone."""
        neuron = self._neuron
        each = effort(self._study, candidates(self._study, neuron), ACTIVITY[neuron])
        return {
            ("loss", neuron): losses * each,
            ("gradient", neuron): gradients * each,
            ("call",): calls * (1 + n_weights(self._study, neuron) / HANDED),
        }

    def _each_neuron(self) -> Iterator[Rules]:
        for neuron in self._study.neurons:
            yield Rules(self._study, {"neuron": neuron})

    def encode(self) -> Work:
        data, seconds = self._study.data, self._size.samples * self._size.seconds
        assert data.sounds is not None  # else the rules of sounds are not there
        steps = seconds * data.n_units * data.sounds.sample_rate
        return {("other",): 1.6 + 5e-9 * steps / data.sounds.jobs}

    def _job_of(self, n: int, jobs: int) -> int:
        """How many of ``n`` pieces a job gets."""
        return len(range(int(self._wildcards["job"]), n, jobs))

    def search_trials(self) -> Work:
        assert self._study.search is not None  # else the search's rules are not there
        trials, rung = self._study.search.trials, int(self._wildcards["rung"])
        samples = self._inside(trials.samples)
        n = self._study.search.planned(samples)[int(self._wildcards["generation"])]
        own = self._job_of(trials.width(rung, n), trials.jobs(rung, trials.per_generation))
        return started(times(own, self._trial(trials.epochs[rung], samples)))

    def search_finalists(self) -> Work:
        assert self._study.search is not None
        search = self._study.search
        folds = self._study.data.inner_folds
        own = self._job_of(
            search.selection.runs(folds),
            -(-search.selection.runs(folds) // search.trials.per_job_of(search.trials.rungs[-1])),
        )
        return started(times(own, self._trial(self._epochs())))

    def _epochs(self) -> int:
        return self._study.model(self._neuron).training.epochs

    def train(self) -> Work:
        return started(self._training(self._epochs()))

    train_equal_activity = train

    def evaluate(self) -> Work:
        return started(self._passes(len(self._study.seeds) * self._size.test))

    def silence(self) -> Work:
        which = self._passes(self._size.train)["response", self._neuron]  # have a gradient
        training = self._training(self._study.silence.epochs)
        return started(training, {("update", self._neuron): which})

    def runaway(self) -> Work:
        options = self._study.runaway
        simulated = 18.0 * options.networks * (options.neurons / 200) ** 2
        gains = sum(snapshots(self._study, n) for n in self._study.neurons if n == "lif")
        return {("other",): 3.0 + simulated + 0.1 * gains * len(self._study.seeds)}

    def _measured(self, measures: Iterable[str], draws: int, steps: int) -> Work:
        """``measures`` of a network; roughness with ``draws`` of samples and steps of so many
        lengths, clipped and not."""
        works, samples = [], self._landscape.samples
        if "roughness" in measures:
            points = draws * self._landscape.profiles.samples * self._profile_points()
            works.append(self._around(points, draws * 2 * (1 + steps) * samples, points))
        if "robustness" in measures:
            works.append(self._passes(ROBUSTNESS * self._size.test))
        return total(*works)

    def _profile_points(self) -> float:
        options = self._landscape.profiles
        return min(
            max(options.points, PROFILE[self._neuron] * options.reach), 0.85 * options.max_points
        )

    def measure_network(self) -> Work:
        return started(self._measured(self._study.measures, DRAWS, STEPS))

    def _variant(self) -> Variant:
        return self._study.variants[by_file(self._study)[self._wildcards["variant"]]]

    def train_variant(self) -> Work:
        case = self._variant().cases[self._wildcards["case"]]
        model = self._study.model(self._neuron).with_parameters(case.parameters)
        n = self._inside(case.samples)  # each epoch is validated
        epochs, validated = model.training.epochs, self._size.validation
        return started(self._epochs_of(epochs, n, validated, [model.network]))

    def score_variant(self) -> Work:
        variant, model = self._variant(), self._study.model(self._neuron)
        cases = variant.cases.values()
        networks = [model.with_parameters(case.parameters).network for case in cases]
        measured = self._measured(variant.measures, 1, 1)
        tested = self._passes(self._size.test, networks)
        return started(times(len(cases) * len(variant.seeds), total(measured, tested)))

    def landscape_directions(self) -> Work:
        n = self._landscape.samples
        return started(
            *(  # losses of this seed and of the next
                own._around(n * 2 * snapshots(self._study, own._neuron), n * len(STATES))
                for own in self._each_neuron()
            )
        )

    def landscape_surfaces(self) -> Work:
        lines, planes = self._landscape.lines, self._landscape.planes
        halvings = log2(max(1.0, 2 * lines.reach / (lines.points * lines.spacing)))
        points = max(lines.points, min(lines.max_points, lines.points + LINE_JUMPS * halvings))
        gradients = len(planes.directions) * (-(-planes.points // planes.gradient_every)) ** 2
        losses = len(lines.directions) * points + len(planes.directions) * planes.points**2
        n = len(STATES) * self._landscape.samples / self._landscape.jobs
        return started(self._around(n * (losses - gradients), n * gradients))

    def landscape_closeups(self) -> Work:
        options = self._landscape.closeups
        points = len(options.reaches) * options.points**2
        calls = points * (1 + (options.samples > 1))
        jobs = self._landscape.jobs
        work = self._around(0.0, points * options.samples, calls=calls)
        return started(times(1 / jobs, work))

    def _census_runs(self, where: Breaks | Updates, length: float) -> float:
        """Runs of the network to find and isolate the breaks on a line."""
        network = self._study.model(self._neuron).network
        spikes = ACTIVITY[self._neuron] * sum(network.layers)
        arrivals = copies(network) * self._size.events + spikes
        breaks = BREAKS[self._neuron] * spikes * arrivals * length
        return min(SEARCHED * where.points + CHANGE_RUNS * breaks, where.max_runs)

    def landscape_census(self) -> Work:
        options = self._landscape.census
        runs = self._census_runs(options.breaks, 2 * options.breaks.reach)
        runs += options.swaps.points + SWAP_RUNS * options.swaps.max_changes
        n = COMPARED * runs * len(STATES) * len(options.directions) * options.samples
        return started(times(1 / self._landscape.jobs, self._around(n, calls=n)))

    def landscape_profiles(self) -> Work:
        options = self._landscape.profiles
        n = len(STATES) * len(options.directions) * options.samples * self._profile_points()
        return started(times(1 / self._landscape.jobs, self._around(n, calls=n)))

    def landscape_gradients(self) -> Work:
        options = self._landscape
        steps = min(options.steps.number, snapshots(self._study, self._neuron) - 1)
        batch = self._study.model(self._neuron).training.batch_size
        alone = len(STATES) * options.samples
        n = steps * (options.steps.points + 2) * (batch + options.samples) + alone
        runs = self._census_runs(options.updates, options.updates.length)
        runs *= COMPARED * steps * options.updates.samples
        return started(times(1 / options.jobs, self._around(runs, n, runs + 2 * alone)))

    def landscape_examples(self) -> Work:
        n = 2 * 2 * self._landscape.examples.points
        runs = [own._around(n, calls=n) for own in self._each_neuron()]
        return started(*runs, {("other",): 5.0})  # compiles the potentials' kernel

    def ntk_train(self) -> Work:
        experiment = self._study.ntk.experiment(self._wildcards["experiment"])
        layers, n_inputs = experiment.hidden_layers, experiment.gaussian_inputs or 2
        step = 0.0
        for cell in experiment.jobs()[int(self._wildcards["job"])]:
            weights = cell.width * (n_inputs + 1 + cell.width * (layers - 1))
            flops = 6.0 * self._study.ntk.problem.n_train * weights
            if cell.activation.name == "sign":  # one by one, in function space
                step += len(cell.networks) * (1e-5 + 2e-8 * cell.width * layers + flops / 2e11)
            else:
                step += 1.2e-4 + len(cell.networks) * flops / 4e10
        return started({("other",): step * experiment.record_steps[-1]})

    def ntk_stability(self) -> Work:
        options = self._study.ntk.stability
        cases = len(options.surrogates) * len(options.depths) * len(options.n_inputs)
        draws = options.n_draws + options.n_refined * options.evaluations
        return {("other",): 2.4 + 1.5e-4 * cases * draws}
