# What the rules of variants are given.
from study.config.variants import by_file, sampling_of, samples_seed, variant_runs

VARIANT_NAMES = by_file(STUDY)
VARIANT_RUNS = {f: variant_runs(STUDY, name) for f, name in VARIANT_NAMES.items()}


def variant_of(wildcards):
    return STUDY.variants[VARIANT_NAMES[wildcards.variant]]


def variant_case(wildcards):
    """A run of the case that a job's run is of."""
    runs = VARIANT_RUNS[wildcards.variant]
    return next(run for run in runs if run.case == wildcards.case)


def variant_model(wildcards):
    """The model's settings; its networks have no landscapes, and keep few snapshots."""
    model = STUDY.model(wildcards.neuron).with_parameters({"training.snapshots": 2})
    return model.model_dump(mode="json")


def variant_winner(wildcards):
    """What a run's settings come from: winners, of which it takes the best, or a point that is
    drawn; nothing for the configured settings."""
    case = variant_case(wildcards)
    if case.draw is not None:
        return [f"{VARIANTS}/{wildcards.variant}/draws/{case.draw}.yaml"]
    if STUDY.search is None or case.settings == "configured":
        return []
    neuron = wildcards.neuron if case.settings == "own" else case.settings
    return expand(rules.search_best.output.best, neuron=neuron, repeat=case.searches)


def variant_sampling(wildcards):
    """Where and how a variant draws points, and with which seed."""
    return sampling_of(STUDY, VARIANT_NAMES[wildcards.variant])


def own_runs(wildcards):
    """The runs of a variant and neuron model."""
    runs = VARIANT_RUNS[wildcards.variant]
    return [run for run in runs if run.neuron == wildcards.neuron]


def each_own_run(pattern):
    """A file of each of these."""
    return lambda wildcards: [
        pattern.format(variant=wildcards.variant, **run._asdict())
        for run in own_runs(wildcards)
    ]


def variant_split(wildcards):
    """The parts of the samples in the outer fold of a job's run."""
    return split_of_search(variant_case(wildcards).searches[0])


def own_splits(wildcards):
    """The same of each run of a variant and neuron model."""
    return [split_of_search(run.searches[0]) for run in own_runs(wildcards)]


def scored_cases(wildcards):
    """What tells these runs apart."""
    drawn = variant_of(wildcards).draw is not None
    return [
        {"to": run.to, "fold": STUDY.fold_of(run.searches[0])}
        | ({"draw": run.draw} if drawn else {})
        for run in own_runs(wildcards)
    ]


def each_variant_neuron(pattern):
    """A file of each neuron model of a variant."""
    return lambda wildcards: expand(
        pattern,
        variant=wildcards.variant,
        neuron=dict.fromkeys(run.neuron for run in VARIANT_RUNS[wildcards.variant]),
    )
