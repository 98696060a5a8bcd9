# All neuron models, trained with every seed, on the test data, and their figures.
TRAINING = f"{RESULTS}/training"
SEED_SEARCHES = {seed: STUDY.search_of(seed) for seed in STUDY.seeds}
SEED_FOLDS = {seed: STUDY.fold_of(search) for seed, search in SEED_SEARCHES.items()}
SEED_SPLITS = {s: split_of_search(search) for s, search in SEED_SEARCHES.items()}
TRAIN_RESULTS = [
    f"{TRAINING}/summary.csv",
    f"{TRAINING}/silence.parquet",
    *each_run(f"{TRAINING}/{{neuron}}/{{seed}}/trained.safetensors"),
]


wildcard_constraints:
    neuron="|".join(NEURONS),
    seed=r"\d+",


rule compile_engine:
    output:
        done=f"{RESULTS}/engine/{{neuron}}.compiled",
    log:
        f"{LOGS}/training/{{neuron}}/compile_engine.log",
    benchmark:
        f"{BENCHMARKS}/training/{{neuron}}/compile_engine.tsv"
    resources:
        **needs(1500, 60),
    params:
        kinds=lambda wildcards: STUDY.kinds(wildcards.neuron),
    script:
        "../scripts/compile_engine.py"


rule train:
    input:
        events=rules.prepare.output.events,
        split=split_of,
        engine=rules.compile_engine.output.done,
        winner=winner_of,
    output:
        checkpoint=f"{TRAINING}/{{neuron}}/{{seed}}/trained.safetensors",
        snapshots=f"{TRAINING}/{{neuron}}/{{seed}}/snapshots.safetensors",
        history=f"{TRAINING}/{{neuron}}/{{seed}}/history.parquet",
        outcome=f"{TRAINING}/{{neuron}}/{{seed}}/outcome.json",
    log:
        f"{LOGS}/training/{{neuron}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/training/{{neuron}}/{{seed}}.tsv"
    resources:
        **needs(4000, 1440),
    params:
        model=lambda wildcards: STUDY.model(wildcards.neuron).model_dump(mode="json"),
        overrides={},
        inner=None,  # trains on all samples that are not for testing
        samples=None,
    script:
        "../scripts/train.py"


rule evaluate:
    input:
        events=rules.prepare.output.events,
        splits=list(SEED_SPLITS.values()),
        checkpoints=each_seed(rules.train.output.checkpoint),
    output:
        runs=f"{TRAINING}/{{neuron}}/runs.parquet",
        samples=f"{TRAINING}/{{neuron}}/samples.parquet",
    log:
        f"{LOGS}/training/{{neuron}}/evaluate.log",
    benchmark:
        f"{BENCHMARKS}/training/{{neuron}}/evaluate.tsv"
    resources:
        **needs(4000, 1440),
    script:
        "../scripts/evaluate.py"


rule silence:
    input:
        events=rules.prepare.output.events,
        split=split_of,
        checkpoint=rules.train.output.checkpoint,
        snapshots=rules.train.output.snapshots,
        history=rules.train.output.history,
    output:
        table=f"{TRAINING}/{{neuron}}/{{seed}}/silence.parquet",
    log:
        f"{LOGS}/training/{{neuron}}/{{seed}}/silence.log",
    benchmark:
        f"{BENCHMARKS}/training/{{neuron}}/silence/{{seed}}.tsv"
    resources:
        **needs(4000, 1440),
    params:
        epochs=STUDY.silence.epochs,
    script:
        "../scripts/silence.py"


# The rules that join tables of networks are this one with other files.
rule join_silence:
    input:
        silence=each_run(rules.silence.output.table),
    output:
        silence=f"{TRAINING}/silence.parquet",
    log:
        f"{LOGS}/training/join_silence.log",
    localrule: True
    params:
        sorted_by=[],
    script:
        "../scripts/join_tables.py"


rule summarise:
    input:
        runs=each_neuron(rules.evaluate.output.runs),
        samples=each_neuron(rules.evaluate.output.samples),
        histories=each_run(rules.train.output.history),
    output:
        runs=f"{TRAINING}/runs.csv",
        summary=f"{TRAINING}/summary.csv",
        speakers=f"{TRAINING}/speakers.csv",
        histories=f"{TRAINING}/histories.parquet",
    log:
        f"{LOGS}/training/summarise.log",
    localrule: True
    params:
        searches=SEED_SEARCHES,
        folds=SEED_FOLDS,
    script:
        "../scripts/summarise.py"


rule record_traces:
    input:
        events=rules.prepare.output.events,
        split=SEED_SPLITS[STUDY.seeds[0]],
        checkpoints=expand(
            rules.train.output.checkpoint, neuron=NEURONS, seed=STUDY.seeds[0]
        ),
    output:
        rasters=f"{TRAINING}/rasters.parquet",
    log:
        f"{LOGS}/training/record_traces.log",
    benchmark:
        f"{BENCHMARKS}/training/record_traces.tsv"
    resources:
        **needs(2000, 60),
    script:
        "../scripts/record_traces.py"


if "runaway" in STUDY.measures:
    LIF = [neuron for neuron in NEURONS if neuron == "lif"]  # perhaps none
    TRAIN_RESULTS += [f"{TRAINING}/runaway_{name}.csv" for name in ("rates", "gains")]

    rule runaway:
        input:
            outcomes=each_run(rules.train.output.outcome, LIF),
            histories=each_run(rules.train.output.history, LIF),
            snapshots=each_run(rules.train.output.snapshots, LIF),
        output:
            rates=f"{TRAINING}/runaway_rates.csv",
            gains=f"{TRAINING}/runaway_gains.csv",
        log:
            f"{LOGS}/training/runaway.log",
        benchmark:
            f"{BENCHMARKS}/training/runaway.tsv"
        resources:
            **needs(2000, 60),
        params:
            neurons=NEURONS,
            options=STUDY.runaway.model_dump(mode="json"),
        script:
            "../scripts/runaway.py"

    figure(
        "training",
        "runaway",
        "why networks run away",
        {
            **rules.runaway.output,
            "trials": [rules.search_tables.output.trials] if STUDY.search else [],
        },
    )


DELAYED = [n for n in NEURONS if STUDY.model(n).network.delays is not None]

if DELAYED:
    TRAIN_RESULTS.append(f"{TRAINING}/delays.parquet")

    rule learned_delays:
        input:
            snapshots=each_run(rules.train.output.snapshots, DELAYED),
        output:
            delays=f"{TRAINING}/delays.parquet",
        log:
            f"{LOGS}/training/learned_delays.log",
        benchmark:
            f"{BENCHMARKS}/training/learned_delays.tsv"
        resources:
            **needs(1500, 60),
        params:
            runs=[(n, seed) for n in DELAYED for seed in STUDY.seeds],
        script:
            "../scripts/learned_delays.py"


figure(
    "training",
    "learning_curves",
    "learning curves",
    {"histories": rules.summarise.output.histories},
)
figure(
    "training",
    "confusion",
    "confusion matrices",
    {"samples": each_neuron(rules.evaluate.output.samples)},
)
figure(
    "training", "rasters", "rasters", {"rasters": rules.record_traces.output.rasters}
)
