# What the rules of the search are given; used only where STUDY.search is set.


def search_model(wildcards):
    """The model's settings but for what trials have of their own, so that a change of that repeats
    no search."""
    model = STUDY.model(wildcards.neuron)
    return model.with_parameters(STUDY.search.trials.fixed).model_dump(mode="json")


def rung_records(neuron, repeat, generation, rung):
    """The folders with the records of all jobs of a rung."""
    folder = f"{RESULTS}/search/{neuron}/{repeat}/generations/{generation}/rung{rung}"
    return [f"{folder}/job{job}" for job in range(STUDY.search.trials.jobs(rung))]


def earlier_records(neuron, repeat, generations):
    """The same for all rungs of the first ``generations`` generations, in order."""
    return [
        folder
        for generation in range(generations)
        for rung in STUDY.search.trials.rungs
        for folder in rung_records(neuron, repeat, generation, rung)
    ]


def all_records(neuron, repeat):
    return earlier_records(neuron, repeat, STUDY.search.generations)


def entering(wildcards):
    """What tells a rung's jobs which trials to train."""
    rung = int(wildcards.rung)
    if rung == 0:
        return {"trials": rules.search_suggest.output.trials.format(**wildcards)}
    before = rung_records(
        wildcards.neuron, wildcards.repeat, wildcards.generation, rung - 1
    )
    return {"records": before}


def winner_of(wildcards):
    """What the search found that a final run is trained with; nothing without a search."""
    if STUDY.search is None:
        return []
    best = rules.search_best.output.best
    repeat = STUDY.search_of(int(wildcards.seed))
    return best.format(neuron=wildcards.neuron, repeat=repeat)


def search_minutes(wildcards, attempt):
    """What a job's trials take at most: each may use search.trials.timeout CPU seconds."""
    trials = STUDY.search.trials
    rung = int(getattr(wildcards, "rung", trials.rungs[-1]))  # finalists have none
    return attempt * (30 + int(trials.per_job_of(rung) * trials.timeout // 60))


def each_search(pattern):
    """A file of every search."""
    return expand(pattern, neuron=NEURONS, repeat=range(STUDY.search.repeats))


def search_table(name, content):
    """A table of the report about all searches."""
    return reported(f"{RESULTS}/search/{name}.csv", f"search_{name}", "Search", content)
