# Both neuron models, trained with every seed, on the test data, and their figures.
TRAINING = f"{RESULTS}/training"
TRAINING_FIGURES = f"{TRAINING}/figures"


TRAINING_NAMES = ["learning_curves", "confusion", "rasters", "potentials"]
TRAIN_RESULTS = [
    f"{TRAINING}/summary.csv",
    *[f"{TRAINING}/{neuron}/silence.parquet" for neuron in NEURONS],
    *[f"{TRAINING_FIGURES}/{name}.png" for name in TRAINING_NAMES],
]


wildcard_constraints:
    neuron="|".join(NEURONS),
    seed=r"\d+",


rule compile_engine:
    output:
        done=f"{TRAINING}/engine.compiled",
    log:
        f"{LOGS}/training/compile_engine.log",
    benchmark:
        f"{BENCHMARKS}/compile_engine.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(60),
    params:
        code=code("compile_engine.py"),
        kinds=STUDY.kinds(),
    script:
        "../scripts/compile_engine.py"


rule train:
    input:
        events=rules.prepare.output.events,
        engine=rules.compile_engine.output.done,
        winner=winner_of,
    output:
        checkpoint=f"{TRAINING}/{{neuron}}/{{seed}}/best.safetensors",
        snapshots=f"{TRAINING}/{{neuron}}/{{seed}}/snapshots.safetensors",
        history=f"{TRAINING}/{{neuron}}/{{seed}}/history.parquet",
        outcome=f"{TRAINING}/{{neuron}}/{{seed}}/outcome.json",
    log:
        f"{LOGS}/training/{{neuron}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/training/{{neuron}}/{{seed}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(1440),
    params:
        code=code("train.py"),
        model=lambda wildcards: STUDY.model(wildcards.neuron).model_dump(mode="json"),
        overrides={},
    script:
        "../scripts/train.py"


rule evaluate:
    input:
        events=rules.prepare.output.events,
        checkpoints=expand(
            rules.train.output.checkpoint, seed=STUDY.seeds, allow_missing=True
        ),
    output:
        runs=f"{TRAINING}/{{neuron}}/runs.parquet",
        samples=f"{TRAINING}/{{neuron}}/samples.parquet",
    log:
        f"{LOGS}/training/{{neuron}}/evaluate.log",
    benchmark:
        f"{BENCHMARKS}/training/{{neuron}}/evaluate.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        code=code("evaluate.py"),
    script:
        "../scripts/evaluate.py"


rule silence:
    input:
        events=rules.prepare.output.events,
        checkpoints=expand(
            rules.train.output.checkpoint, seed=STUDY.seeds, allow_missing=True
        ),
        snapshots=expand(
            rules.train.output.snapshots, seed=STUDY.seeds, allow_missing=True
        ),
        histories=expand(
            rules.train.output.history, seed=STUDY.seeds, allow_missing=True
        ),
    output:
        table=f"{TRAINING}/{{neuron}}/silence.parquet",
    log:
        f"{LOGS}/training/{{neuron}}/silence.log",
    benchmark:
        f"{BENCHMARKS}/training/{{neuron}}/silence.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(1440),
    params:
        code=code("silence.py"),
        epochs=STUDY.silence.epochs,
    script:
        "../scripts/silence.py"


rule summarise:
    input:
        runs=expand(rules.evaluate.output.runs, neuron=NEURONS),
    output:
        runs=report(
            f"{TRAINING}/runs.csv", category="Training", labels={"content": "all runs"}
        ),
        summary=report(
            f"{TRAINING}/summary.csv",
            caption="../report/training_summary.rst",
            category="Training",
            labels={"content": "means over seeds"},
        ),
    log:
        f"{LOGS}/training/summarise.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("summarise.py"),
        searches={seed: STUDY.search_of(seed) for seed in STUDY.seeds},
    script:
        "../scripts/summarise.py"


rule record_traces:
    input:
        events=rules.prepare.output.events,
        checkpoints=expand(
            rules.train.output.checkpoint, neuron=NEURONS, seed=STUDY.seeds[0]
        ),
    output:
        rasters=f"{TRAINING}/rasters.parquet",
        potentials=f"{TRAINING}/potentials.parquet",
    log:
        f"{LOGS}/training/record_traces.log",
    benchmark:
        f"{BENCHMARKS}/training/record_traces.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("record_traces.py"),
        sample=STUDY.example,
    script:
        "../scripts/record_traces.py"


rule plot_learning_curves:
    input:
        histories=expand(rules.train.output.history, neuron=NEURONS, seed=STUDY.seeds),
    output:
        png=report(
            f"{TRAINING_FIGURES}/learning_curves.png",
            caption="../report/learning_curves.rst",
            category="Training",
            labels={"content": "learning curves"},
        ),
        pdf=f"{TRAINING_FIGURES}/learning_curves.pdf",
    log:
        f"{LOGS}/training/plot_learning_curves.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_learning_curves.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_learning_curves.py"


rule plot_confusion:
    input:
        samples=expand(rules.evaluate.output.samples, neuron=NEURONS),
    output:
        png=report(
            f"{TRAINING_FIGURES}/confusion.png",
            caption="../report/confusion.rst",
            category="Training",
            labels={"content": "confusion matrices"},
        ),
        pdf=f"{TRAINING_FIGURES}/confusion.pdf",
    log:
        f"{LOGS}/training/plot_confusion.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_confusion.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_confusion.py"


rule plot_rasters:
    input:
        rasters=rules.record_traces.output.rasters,
    output:
        png=report(
            f"{TRAINING_FIGURES}/rasters.png",
            caption="../report/rasters.rst",
            category="Training",
            labels={"content": "rasters"},
        ),
        pdf=f"{TRAINING_FIGURES}/rasters.pdf",
    log:
        f"{LOGS}/training/plot_rasters.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_rasters.py"),
    script:
        "../scripts/plot_rasters.py"


rule plot_potentials:
    input:
        rasters=rules.record_traces.output.rasters,
        potentials=rules.record_traces.output.potentials,
    output:
        png=report(
            f"{TRAINING_FIGURES}/potentials.png",
            caption="../report/potentials.rst",
            category="Training",
            labels={"content": "membrane potentials"},
        ),
        pdf=f"{TRAINING_FIGURES}/potentials.pdf",
    log:
        f"{LOGS}/training/plot_potentials.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_potentials.py"),
    script:
        "../scripts/plot_potentials.py"


localrules:
    summarise,
    plot_learning_curves,
    plot_confusion,
    plot_rasters,
    plot_potentials,
