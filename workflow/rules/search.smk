# Independent searches for each neuron model's hyperparameters, in generations: suggest, train rung
# by rung, until the budget is spent; the last generation are the finalists, trained as long as the
# final networks; name the winner. docs/search.md explains the files.
SEARCH = f"{RESULTS}/search/{{neuron}}/{{repeat}}"
GENERATION = f"{SEARCH}/generations/{{generation}}"


wildcard_constraints:
    repeat=r"\d+",
    generation=r"\d+",
    rung=r"\d+",


if STUDY.search is not None:
    TRIALS = STUDY.search.trials
    HALVING = TRIALS.model_dump(mode="json", include=set(Halving.model_fields))
    SAMPLING = STUDY.search.sampling.model_dump(mode="json")
    SEARCHES = SearchFiles(
        STUDY,
        STUDY.search,
        lambda **w: checkpoints.search_suggest.get(**w).output.trials,
    )
    split_of_search = lambda w: at(split_of(STUDY, int(w.repeat)))

    # A checkpoint: how many generations there are is known when their trials are done.
    checkpoint search_suggest:
        input:
            records=SEARCHES.earlier_records,
            split=split_of_search,
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
            inner=lambda w: STUDY.inner_of(int(w.repeat)),
            ends=lambda w: int(w.generation) == STUDY.search.generations,
        script:
            "../scripts/search_suggest.py"

    rule search_trials:
        input:
            records=SEARCHES.entering,
            events=rules.prepare.output.events,
            split=split_of_search,
            engine=lambda w: expand(rules.compile_engine.output.done, neuron=w.neuron),
        output:
            records=directory(f"{GENERATION}/rung{{rung}}/job{{job}}"),
        log:
            f"{LOGS}/search/{{neuron}}/{{repeat}}/{{generation}}/rung{{rung}}-job{{job}}.log",
        benchmark:
            f"{BENCHMARKS}/search/{{neuron}}/{{repeat}}/{{generation}}/rung{{rung}}-job{{job}}.tsv"
        resources:
            **needs(TRIALS.memory_mb + 1000, SEARCHES.minutes),
            # Limits of a trial are resources, of which a change repeats nothing; libraries and data
            # that are read before it starts come on top.
            trial_seconds=math.ceil(TRIALS.timeout),
            trial_mb=TRIALS.memory_mb,
        params:
            model=SEARCHES.model,
            trials=TRIALS.model_dump(mode="json", exclude={"timeout", "memory_mb"}),
            finalists=SEARCHES.finalist_settings,
            jobs=SEARCHES.sibling_jobs,
            states=f"{GENERATION}/states",
        script:
            "../scripts/search_trials.py"

    rule search_best:
        input:
            records=SEARCHES.trial_records,
            split=split_of_search,
            runs=SEARCHES.finalist_records,
        output:
            best=f"{SEARCH}/best.yaml",
            trials=f"{SEARCH}/trials.parquet",
            finalists=f"{SEARCH}/finalists.parquet",
        log:
            f"{LOGS}/search/{{neuron}}/{{repeat}}/best.log",
        benchmark:
            f"{BENCHMARKS}/search/{{neuron}}/{{repeat}}/best.tsv"
        resources:
            **needs(1000, 60),
        params:
            model=SEARCHES.model,
            trials=HALVING,
            samples=TRIALS.samples,
            reruns=STUDY.n_reruns,
            search=STUDY.search.model_dump(
                mode="json", include={"budget", "sampling", "finalists", "trained"}
            ),
            fold=lambda w: STUDY.fold_of(int(w.repeat)),
            inner=lambda w: STUDY.inner_of(int(w.repeat)),
        script:
            "../scripts/search_best.py"
