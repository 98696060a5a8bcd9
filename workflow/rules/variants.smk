# Networks that are trained with something changed, as `variants` has it: tables and a figure each.
VARIANTS = f"{RESULTS}/variants"
VARIANT_RUN = f"{VARIANTS}/{{variant}}/{{case}}/{{neuron}}/{{seed}}"
RANKED = [
    file
    for file, name in VARIANT_NAMES.items()
    if STUDY.variants[name].draw and len(STUDY.variants[name].changes) > 1
]
VARIANT_RESULTS = [
    *expand(f"{VARIANTS}/{{variant}}.csv", variant=VARIANT_NAMES),
    *expand(f"{VARIANTS}/speakers/{{variant}}.csv", variant=VARIANT_NAMES),
    *([f"{VARIANTS}/ranks.csv"] if RANKED else []),
]


wildcard_constraints:
    variant="|".join(map(re.escape, VARIANT_NAMES)) or "none",
    case=r"[^/]+",
    draw=r"\d+",


rule draw_variant:
    output:
        point=f"{VARIANTS}/{{variant}}/draws/{{draw}}.yaml",
    log:
        f"{LOGS}/variants/{{variant}}/draws/{{draw}}.log",
    localrule: True
    params:
        sampling=lambda w: variant_sampling(w)[0].model_dump(mode="json"),
        seed=lambda w: variant_sampling(w)[1],
        search=lambda w: 0 if variant_of(w).draw.sampling is None else None,
    script:
        "../scripts/draw_variant.py"


# What a drive needs beside the engine that the study's own runs compile, a first run compiles.
use rule train as train_variant with:
    input:
        events=rules.prepare.output.events,
        split=variant_split,
        engine=rules.compile_engine.output.done,
        winner=variant_winner,
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
        **needs(4000, "train_variant"),
    params:
        model=variant_model,
        overrides=lambda w: variant_case(w).parameters,
        inner=0,  # samples to validate with are held out
        samples=lambda w: variant_case(w).samples,
        samples_seed=samples_seed(STUDY),


rule score_variant:
    input:
        events=rules.prepare.output.events,
        splits=own_splits,
        checkpoints=each_own_run(rules.train_variant.output.checkpoint),
        histories=each_own_run(rules.train_variant.output.history),
    output:
        runs=f"{VARIANTS}/{{variant}}/{{neuron}}.runs.parquet",
        speakers=f"{VARIANTS}/{{variant}}/{{neuron}}.speakers.parquet",
    log:
        f"{LOGS}/variants/{{variant}}/{{neuron}}.log",
    benchmark:
        f"{BENCHMARKS}/variants/{{variant}}/{{neuron}}.tsv"
    resources:
        **needs(4000, "score_variant"),
    params:
        change=lambda w: VARIANT_NAMES[w.variant],
        cases=scored_cases,
        measures=lambda w: list(variant_of(w).measures),
        landscape=lambda w: roughness_settings(variant_of(w).measures),
    script:
        "../scripts/score_variant.py"


use rule join_silence as join_variant with:
    input:
        runs=each_variant_neuron(rules.score_variant.output.runs),
        speakers=each_variant_neuron(rules.score_variant.output.speakers),
    output:
        runs=f"{VARIANTS}/{{variant}}.csv",
        speakers=f"{VARIANTS}/speakers/{{variant}}.csv",
    log:
        f"{LOGS}/variants/{{variant}}/join.log",


rule rank_variants:
    input:
        tables=expand(rules.join_variant.output.runs, variant=RANKED),
    output:
        ranks=f"{VARIANTS}/ranks.csv",
    log:
        f"{LOGS}/variants/ranks.log",
    localrule: True
    script:
        "../scripts/rank_variants.py"


if STUDY.variants:
    figure(
        "variants",
        "variants",
        "variant",
        {
            "tables": expand(rules.join_variant.output.runs, variant=VARIANT_NAMES),
            "runs": rules.summarise.output.runs,
        },
        each=VARIANT_NAMES,
    )
