# Independent searches for each neuron model's hyperparameters, in generations: suggest, train rung
# by rung, until the budget is spent; the last generation are the finalists, trained as long as the
# final networks; name the winner. docs/search.md explains the files.
SEARCH = f"{RESULTS}/search"
ONE_SEARCH = f"{SEARCH}/{{neuron}}/{{repeat}}"
GENERATION = f"{ONE_SEARCH}/generations/{{generation}}"
SEARCH_RESULTS = []


wildcard_constraints:
    repeat=r"\d+",
    generation=r"\d+",
    rung=r"\d+",


if STUDY.search is not None:
    TRIALS = STUDY.search.trials
    # A trial's own limit comes first: libraries and data read before it starts come on top.
    SEARCH_MEMORY = TRIALS.memory_mb + 1000
    HALVING = TRIALS.model_dump(mode="json", include=set(Halving.model_fields))
    # Limits are resources, of which a change repeats nothing.
    LIMITS = {"trial_seconds": math.ceil(TRIALS.timeout), "trial_mb": TRIALS.memory_mb}
    TRAINED = TRIALS.model_dump(mode="json", exclude={"timeout", "memory_mb"})
    SAMPLING = STUDY.search.sampling.model_dump(mode="json")
    SEARCH_RESULTS = [f"{SEARCH}/rungs.csv"]

    # A checkpoint: how many generations there are is known when their trials are done.
    checkpoint search_suggest:
        input:
            records=earlier_records,
            split=split_of,
        output:
            trials=f"{GENERATION}/trials.json",
        log:
            f"{LOGS}/search/{{neuron}}/{{repeat}}/{{generation}}/suggest.log",
        localrule: True
        params:
            sampling=SAMPLING,
            trials=HALVING,
            samples=TRIALS.samples,
            budget=STUDY.search.budget,
            ends=lambda w: int(w.generation) == STUDY.search.generations,
        script:
            "../scripts/search_suggest.py"

    rule search_trials:
        input:
            records=entering,
            events=rules.prepare.output.events,
            split=split_of,
            engine=lambda w: expand(rules.compile_engine.output.done, neuron=w.neuron),
        output:
            records=directory(f"{GENERATION}/rung{{rung}}/job{{job}}"),
        log:
            f"{LOGS}/search/{{neuron}}/{{repeat}}/{{generation}}/rung{{rung}}-job{{job}}.log",
        benchmark:
            f"{BENCHMARKS}/search/{{neuron}}/{{repeat}}/{{generation}}/rung{{rung}}-job{{job}}.tsv"
        resources:
            **LIMITS,
            **needs(SEARCH_MEMORY, search_minutes),
        params:
            model=search_model,
            trials=TRAINED,
            finalists=finalist_settings,
            jobs=sibling_jobs,
            states=f"{GENERATION}/states",
        script:
            "../scripts/search_trials.py"

    rule search_best:
        input:
            records=trial_records,
            split=split_of,
            runs=finalist_records,
        output:
            best=f"{ONE_SEARCH}/best.yaml",
            trials=f"{ONE_SEARCH}/trials.parquet",
            runs=f"{ONE_SEARCH}/finalists.parquet",
            importances=f"{ONE_SEARCH}/importances.csv",
        log:
            f"{LOGS}/search/{{neuron}}/{{repeat}}/best.log",
        benchmark:
            f"{BENCHMARKS}/search/{{neuron}}/{{repeat}}/best.tsv"
        resources:
            **needs(1000, 60),
        params:
            model=search_model,
            trials=HALVING,
            samples=TRIALS.samples,
            folds=STUDY.data.inner_folds,
            search=STUDY.search.model_dump(
                mode="json", include={"budget", "sampling", "selection"}
            ),
            fold=lambda w: STUDY.fold_of(int(w.repeat)),
        script:
            "../scripts/search_best.py"

    rule search_tables:
        input:
            trials=each_search(rules.search_best.output.trials),
            runs=each_search(rules.search_best.output.runs),
            winners=each_search(rules.search_best.output.best),
        output:
            trials=f"{SEARCH}/trials.parquet",
            finalists=f"{SEARCH}/finalists.parquet",
            budget=f"{SEARCH}/budget.csv",
            stability=f"{SEARCH}/stability.csv",
            regions=f"{SEARCH}/regions.csv",
            rungs=f"{SEARCH}/rungs.csv",
            winners=f"{SEARCH}/winners.csv",
        log:
            f"{LOGS}/search/tables.log",
        localrule: True
        params:
            sampling=SAMPLING,
            budget=STUDY.search.budget,
        script:
            "../scripts/search_tables.py"

    if len(NEURONS) > 1:
        figure(
            "search",
            "search_same_settings",
            "the same settings with each neuron model",
            pick(rules.search_tables.output, "trials"),
        )
