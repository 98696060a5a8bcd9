# What the rules of the search are given; used only where STUDY.search is set.
from itertools import count

from study.search.generations import record_files
from study.search.records import read_generation


def search_model(wildcards):
    """The model's settings but for what trials have of their own, so that a change of that repeats
    no search."""
    model = STUDY.model(wildcards.neuron)
    return model.with_parameters(STUDY.search.trials.fixed(0)).model_dump(mode="json")


def suggestions(wildcards, generation):
    """The file of a generation; where it is not made yet, Snakemake makes it and asks again."""
    where = {name: wildcards[name] for name in ("neuron", "repeat")}
    made = checkpoints.search_suggest.get(**where, generation=generation)
    return made.output.trials


def generation_files(wildcards, generation, rungs=None):
    """The file of a generation and the folders with the records of its jobs, or of some rungs'."""
    file = suggestions(wildcards, generation)
    return record_files(file, STUDY.search, STUDY.data.inner_folds, rungs)


def entering(wildcards):
    """From which files a rung's jobs read which trials to train."""
    return generation_files(wildcards, wildcards.generation, range(int(wildcards.rung)))


def earlier_records(wildcards):
    """Files of all generations before the wildcards', in order."""
    earlier = range(int(wildcards.generation))
    return [file for g in earlier for file in generation_files(wildcards, g)]


def final_generation(wildcards):
    """The number of the generation in which the finalists are trained."""
    every = ((g, suggestions(wildcards, g)) for g in count())
    return next(g for g, file in every if read_generation(file).final)


def trial_records(wildcards):
    """Files of all generations of trials, in order."""
    trials = range(final_generation(wildcards))
    return [file for g in trials for file in generation_files(wildcards, g)]


def finalist_records(wildcards):
    """Files of the finalists."""
    return generation_files(wildcards, final_generation(wildcards))


def sibling_jobs(wildcards):
    """How many jobs share out a rung's trials."""
    rung = int(wildcards.rung)
    return len(generation_files(wildcards, wildcards.generation, [rung])) - 1


def finalist_settings(wildcards):
    """How finalists are trained; nothing for other generations, which no change of it repeats."""
    if not read_generation(suggestions(wildcards, wildcards.generation)).final:
        return None
    return {
        "epochs": STUDY.model(wildcards.neuron).training.epochs,
        "selection": STUDY.search.selection.model_dump(mode="json"),
        "folds": STUDY.data.inner_folds,
    }


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
    return 30 + int(trials.per_job_of(int(wildcards.rung)) * trials.timeout // 60)
