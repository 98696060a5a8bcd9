# The search for each neuron model's hyperparameters, in generations: suggest, train rung by
# rung, train the finalists again, name the winner. docs/search.md explains the files.
SEARCH = f"{RESULTS}/search"
SEARCH_FIGURES = f"{SEARCH}/figures"
GENERATION = f"{SEARCH}/{{neuron}}/generations/{{generation}}"
SEARCH_RESULTS = []


wildcard_constraints:
    generation=r"\d+",
    rung=r"\d+",


if STUDY.search is not None:
    TRIALS = STUDY.search.trials
    # A trial's own limit comes first: libraries and data read before it starts come on top.
    SEARCH_MEMORY = TRIALS.memory_mb + 1000
    # Finalists train as long as the trials of the last rung.
    FINALIST_JOBS = -(
        -STUDY.search.selection.runs() // TRIALS.per_job_of(TRIALS.rungs[-1])
    )
    SEARCH_RESULTS = expand(
        f"{SEARCH_FIGURES}/{{name}}.png",
        name=["history", "importance", "slices", "activity", "failures"],
    )

    # Trials see this file alone: it is made from the training files, without the test file.
    rule search_data:
        input:
            **{split: file for split, file in SPIKE_FILES.items() if split != "test"},
            code=code("prepare.py"),
        output:
            events=f"{SEARCH}/events.h5",
        log:
            f"{LOGS}/search/data.log",
        benchmark:
            f"{BENCHMARKS}/search/data.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(60),
        params:
            name=STUDY.dataset,
            data=rules.prepare.params.data,
        script:
            "../scripts/prepare.py"

    rule search_suggest:
        input:
            records=lambda w: earlier_records(w.neuron, int(w.generation)),
            code=code("search_suggest.py"),
        output:
            trials=f"{GENERATION}/trials.json",
        log:
            f"{LOGS}/search/{{neuron}}/{{generation}}/suggest.log",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        params:
            sampling=STUDY.search.sampling.model_dump(mode="json"),
            seed=STUDY.search.seed,
            n_trials=TRIALS.per_generation,
        script:
            "../scripts/search_suggest.py"

    rule search_trials:
        input:
            unpack(entering),
            events=rules.search_data.output.events,
            engine=lambda w: rules.compile_engine.output.done,
            code=code("search_trials.py"),
        output:
            records=directory(f"{GENERATION}/rung{{rung}}/job{{job}}"),
        log:
            f"{LOGS}/search/{{neuron}}/{{generation}}/rung{{rung}}-job{{job}}.log",
        benchmark:
            f"{BENCHMARKS}/search/{{neuron}}/{{generation}}/rung{{rung}}-job{{job}}.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(SEARCH_MEMORY),
            runtime=search_minutes,
        params:
            model=search_model,
            trials=TRIALS.model_dump(mode="json"),
            seed=STUDY.search.seed,
            states=f"{GENERATION}/states",
        script:
            "../scripts/search_trials.py"

    rule search_finalists:
        input:
            records=all_records,
            events=rules.search_data.output.events,
            engine=lambda w: rules.compile_engine.output.done,
            code=code("search_finalists.py"),
        output:
            records=directory(f"{SEARCH}/{{neuron}}/finalists/job{{job}}"),
        log:
            f"{LOGS}/search/{{neuron}}/finalists/{{job}}.log",
        benchmark:
            f"{BENCHMARKS}/search/{{neuron}}/finalists/{{job}}.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(SEARCH_MEMORY),
            runtime=search_minutes,
        params:
            model=search_model,
            trials=TRIALS.model_dump(mode="json"),
            selection=STUDY.search.selection.model_dump(mode="json"),
            seed=STUDY.search.seed,
            jobs=FINALIST_JOBS,
            states=f"{SEARCH}/{{neuron}}/finalists/states",
        script:
            "../scripts/search_finalists.py"

    rule search_best:
        input:
            records=all_records,
            runs=expand(
                rules.search_finalists.output.records,
                job=range(FINALIST_JOBS),
                allow_missing=True,
            ),
            code=code("search_best.py"),
        output:
            best=report(
                f"{SEARCH}/{{neuron}}/best.yaml",
                category="Search",
                labels={"content": "winner, {neuron}"},
            ),
            trials=f"{SEARCH}/{{neuron}}/trials.parquet",
            runs=f"{SEARCH}/{{neuron}}/finalists.parquet",
            importances=f"{SEARCH}/{{neuron}}/importances.csv",
        log:
            f"{LOGS}/search/{{neuron}}/best.log",
        benchmark:
            f"{BENCHMARKS}/search/{{neuron}}/best.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(60),
        params:
            search=STUDY.search.model_dump(mode="json"),
        script:
            "../scripts/search_best.py"

    # On demand: snakemake --cores 1 results/<dataset>/search/journal.log
    rule search_journal:
        input:
            **{n: earlier_records(n, STUDY.search.generations) for n in NEURONS},
            code=code("search_journal.py"),
        output:
            journal=f"{SEARCH}/journal.log",
        log:
            f"{LOGS}/search/journal.log",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(60),
        params:
            sampling=STUDY.search.sampling.model_dump(mode="json"),
            data=STUDY.dataset,
            neurons=NEURONS,
        script:
            "../scripts/search_journal.py"

    rule plot_search_history:
        input:
            trials=expand(rules.search_best.output.trials, neuron=NEURONS),
            runs=expand(rules.search_best.output.runs, neuron=NEURONS),
            code=code("plot_search_history.py"),
        output:
            png=search_figure("history", "history"),
            pdf=f"{SEARCH_FIGURES}/history.pdf",
        log:
            f"{LOGS}/search/plot_history.log",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        params:
            data=STUDY.dataset,
        script:
            "../scripts/plot_search_history.py"

    rule plot_search_importance:
        input:
            importances=expand(rules.search_best.output.importances, neuron=NEURONS),
            code=code("plot_search_importance.py"),
        output:
            png=search_figure("importance", "importance of parameters"),
            pdf=f"{SEARCH_FIGURES}/importance.pdf",
        log:
            f"{LOGS}/search/plot_importance.log",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        params:
            data=STUDY.dataset,
        script:
            "../scripts/plot_search_importance.py"

    rule plot_search_slices:
        input:
            trials=expand(rules.search_best.output.trials, neuron=NEURONS),
            code=code("plot_search_slices.py"),
        output:
            png=search_figure("slices", "slices"),
            pdf=f"{SEARCH_FIGURES}/slices.pdf",
        log:
            f"{LOGS}/search/plot_slices.log",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        params:
            data=STUDY.dataset,
            sampling=STUDY.search.sampling.model_dump(mode="json"),
        script:
            "../scripts/plot_search_slices.py"

    rule plot_search_activity:
        input:
            trials=expand(rules.search_best.output.trials, neuron=NEURONS),
            code=code("plot_search_activity.py"),
        output:
            png=search_figure("activity", "accuracy against activity"),
            pdf=f"{SEARCH_FIGURES}/activity.pdf",
        log:
            f"{LOGS}/search/plot_activity.log",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        params:
            data=STUDY.dataset,
        script:
            "../scripts/plot_search_activity.py"

    rule plot_search_failures:
        input:
            trials=expand(rules.search_best.output.trials, neuron=NEURONS),
            code=code("plot_search_failures.py"),
        output:
            png=search_figure("failures", "failed trials"),
            pdf=f"{SEARCH_FIGURES}/failures.pdf",
        log:
            f"{LOGS}/search/plot_failures.log",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        params:
            data=STUDY.dataset,
            sampling=STUDY.search.sampling.model_dump(mode="json"),
        script:
            "../scripts/plot_search_failures.py"

    localrules:
        search_suggest,
        plot_search_history,
        plot_search_importance,
        plot_search_slices,
        plot_search_activity,
        plot_search_failures,
