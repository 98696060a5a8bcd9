# What the rules of the search are given; used only where STUDY.search is set.


def search_model(wildcards):
    """The model's settings but for what trials have of their own, so that a change of that repeats
    no search."""
    model = STUDY.model(wildcards.neuron)
    return model.with_parameters(STUDY.search.trials.fixed(0)).model_dump(mode="json")


def rung_records(wildcards, generation, rungs):
    """What a generation tries, and the folders with the records of all jobs of ``rungs``."""
    folder = f"{RESULTS}/search/{wildcards.neuron}/{wildcards.repeat}/generations/{generation}"
    jobs = [
        f"rung{r}/job{j}" for r in rungs for j in range(STUDY.search.trials.jobs(r))
    ]
    return [f"{folder}/{name}" for name in ("trials.json", *jobs)]


def entering(wildcards):
    """From which files a rung's jobs read which trials to train."""
    return rung_records(wildcards, wildcards.generation, range(int(wildcards.rung)))


def earlier_records(wildcards):
    """Records of all rungs of all generations before the wildcards', or of all, in order."""
    generations = int(wildcards.get("generation", STUDY.search.generations))
    rungs = STUDY.search.trials.rungs
    files = [rung_records(wildcards, g, rungs) for g in range(generations)]
    return sum(files, [])


def winner_of(wildcards):
    """What the search found that a final run is trained with; nothing without a search."""
    if STUDY.search is None:
        return []
    best = rules.search_best.output.best
    repeat = STUDY.search_of(int(wildcards.seed))
    return [best.format(neuron=wildcards.neuron, repeat=repeat)]


def search_minutes(wildcards):
    """What a job's trials take at most: each may use search.trials.timeout CPU seconds."""
    trials = STUDY.search.trials
    rung = int(wildcards.get("rung", trials.rungs[-1]))  # finalists have none
    return 30 + int(trials.per_job_of(rung) * trials.timeout // 60)


def search_table(name, content):
    """A table of the report about all searches."""
    return reported(f"{RESULTS}/search/{name}.csv", f"search_{name}", "Search", content)
