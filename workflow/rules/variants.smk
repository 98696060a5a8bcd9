# Networks that are trained with something changed, as `variants` has it: tables and a figure each.
from study.config.variants import by_file, neurons_of

VARIANTS = f"{RESULTS}/variants"
VARIANT_RUN = f"{VARIANTS}/{{variant}}/{{case}}/{{neuron}}/{{seed}}"
VARIANT_NAMES = by_file(STUDY)
VARIED = {file: STUDY.variants[name] for file, name in VARIANT_NAMES.items()}
VARIANT_RESULTS = [
    *expand(f"{VARIANTS}/{{variant}}.csv", variant=VARIED),
    *expand(f"{VARIANTS}/speakers/{{variant}}.csv", variant=VARIED),
]
# All variants are trained in the first outer fold, with the best of its winners.
IN_FIRST_FOLD = [k for k in range(N_SEARCHES) if STUDY.fold_of(k) == STUDY.fold_of(0)]


wildcard_constraints:
    variant="|".join(map(re.escape, VARIED)) or "none",
    case=r"[^/]+",


# What a drive needs beside the engine that the study's own runs compile, a first run compiles.
use rule train as train_variant with:
    input:
        events=rules.prepare.output.events,
        split=split_of_search(0),
        engine=rules.compile_engine.output.done,
        winner=(
            expand(
                rules.search_best.output.best, repeat=IN_FIRST_FOLD, allow_missing=True
            )
            if STUDY.search
            else []
        ),
    output:
        checkpoint=f"{VARIANT_RUN}/trained.safetensors",
        snapshots=f"{VARIANT_RUN}/snapshots.safetensors",
        history=f"{VARIANT_RUN}/history.parquet",
        outcome=f"{VARIANT_RUN}/outcome.json",
    log:
        f"{LOGS}/variants/{{variant}}/{{case}}/{{neuron}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/variants/{{variant}}/{{case}}/{{neuron}}/{{seed}}.tsv"
    resources:
        **needs(4000, 1440),
    params:
        # Without landscapes, few snapshots will do.
        model=lambda w: STUDY.model(w.neuron)
        .with_parameters({"training.snapshots": 2})
        .model_dump(mode="json"),
        overrides=lambda w: VARIED[w.variant].cases[w.case].parameters,
        inner=0,  # samples to validate with are held out
        samples=lambda w: VARIED[w.variant].cases[w.case].samples,


rule score_variant:
    input:
        events=rules.prepare.output.events,
        split=split_of_search(0),
        checkpoints=lambda w: expand(
            rules.train_variant.output.checkpoint,
            case=VARIED[w.variant].cases,
            seed=VARIED[w.variant].seeds,
            **w,
        ),
        histories=lambda w: expand(
            rules.train_variant.output.history,
            case=VARIED[w.variant].cases,
            seed=VARIED[w.variant].seeds,
            **w,
        ),
    output:
        runs=f"{VARIANTS}/{{variant}}/{{neuron}}.runs.parquet",
        speakers=f"{VARIANTS}/{{variant}}/{{neuron}}.speakers.parquet",
    log:
        f"{LOGS}/variants/{{variant}}/{{neuron}}.log",
    benchmark:
        f"{BENCHMARKS}/variants/{{variant}}/{{neuron}}.tsv"
    resources:
        **needs(4000, 1440),
    params:
        change=lambda w: VARIANT_NAMES[w.variant],
        # In the order of the files.
        to=lambda w: [
            case.name
            for case in VARIED[w.variant].cases.values()
            for _ in VARIED[w.variant].seeds
        ],
        fold=STUDY.fold_of(0),
        measures=lambda w: list(VARIED[w.variant].measures),
        landscape=lambda w: roughness_settings(VARIED[w.variant].measures),
    script:
        "../scripts/score_variant.py"


use rule join_silence as join_variant with:
    input:
        runs=lambda w: expand(
            rules.score_variant.output.runs,
            neuron=neurons_of(STUDY, VARIED[w.variant]),
            **w,
        ),
        speakers=lambda w: expand(
            rules.score_variant.output.speakers,
            neuron=neurons_of(STUDY, VARIED[w.variant]),
            **w,
        ),
    output:
        runs=f"{VARIANTS}/{{variant}}.csv",
        speakers=f"{VARIANTS}/speakers/{{variant}}.csv",
    log:
        f"{LOGS}/variants/{{variant}}/join.log",


if STUDY.variants:
    figure(
        "variants",
        "variants",
        "variant",
        {
            "tables": expand(rules.join_variant.output.runs, variant=VARIED),
            "runs": rules.summarise.output.runs,
        },
        each=VARIED,
    )
