# Loss and gradient landscapes around networks: untrained, at equal loss, trained, at equal activity.
LANDSCAPE = f"{RESULTS}/landscape"
LANDSCAPE_SEEDS = list(STUDY.landscape.seeds)
# Networks are trained once more with this activity, the same for all neuron models, and otherwise
# as before, so that these are compared where they spike equally often.
EQUAL_ACTIVITY = {"strength": 0.005, "target": 10.0}
DIRECTIONS = f"{LANDSCAPE}/directions/{{neuron}}/{{seed}}.safetensors"

# What several jobs measure around every network, each by the function of this name in the module
# of this name in study.landscape: the settings that it reads, and its tables (docs/new-measure.md).
LANDSCAPE_MEASURES = {
    "surfaces": (["lines", "planes"], ["lines", "planes"]),
    "closeups": (["closeups"], ["closeups"]),
    "census": (["census"], ["changes", "census_lines", "census_losses"]),
    "profiles": (["profiles"], ["profiles", "profile_minima"]),
    "gradients": (
        ["steps", "updates"],
        ["steps", "step_losses", "updates", "sample_gradients"],
    ),
}
# Those tables, joined.
LANDSCAPES |= {
    table: f"{LANDSCAPE}/{table}.{'csv' if table == 'updates' else 'parquet'}"
    for _, tables in LANDSCAPE_MEASURES.values()
    for table in tables
}


use rule train as train_equal_activity with:
    output:
        checkpoint=f"{LANDSCAPE}/equal_activity/{{neuron}}/{{seed}}/trained.safetensors",
        snapshots=f"{LANDSCAPE}/equal_activity/{{neuron}}/{{seed}}/snapshots.safetensors",
        history=f"{LANDSCAPE}/equal_activity/{{neuron}}/{{seed}}/history.parquet",
        outcome=f"{LANDSCAPE}/equal_activity/{{neuron}}/{{seed}}/outcome.json",
    log:
        f"{LOGS}/landscape/equal_activity/{{neuron}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/equal_activity/{{neuron}}/{{seed}}.tsv"
    params:
        overrides={
            "training.activity": EQUAL_ACTIVITY,
        },


rule landscape_directions:
    input:
        events=rules.prepare.output.events,
        split=split_of,
        checkpoints=each_neuron(rules.train.output.checkpoint),
        snapshots=each_neuron(rules.train.output.snapshots),
        active_checkpoints=each_neuron(rules.train_equal_activity.output.checkpoint),
        active_snapshots=each_neuron(rules.train_equal_activity.output.snapshots),
        other_checkpoints=of_next_seed(rules.train.output.checkpoint),
        other_snapshots=of_next_seed(rules.train.output.snapshots),
    output:
        directions=each_neuron(DIRECTIONS),
        states=f"{LANDSCAPE}/directions/{{seed}}.parquet",
    log:
        f"{LOGS}/landscape/directions/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/directions/{{seed}}.tsv"
    resources:
        **needs(4000, 1440),
    params:
        landscape=landscape_settings("samples"),
    script:
        "../scripts/landscape_directions.py"


use rule join_variant as landscape_states with:
    input:
        states=expand(rules.landscape_directions.output.states, seed=LANDSCAPE_SEEDS),
    output:
        states=f"{LANDSCAPE}/states.csv",
    log:
        f"{LOGS}/landscape/states.log",


for MEASURE, (SETTINGS, TABLES) in LANDSCAPE_MEASURES.items():
    SHARE = f"{MEASURE}/{{neuron}}/{{seed}}/{{job}}"
    SHARES = {table: f"{LANDSCAPE}/{SHARE}.{table}.parquet" for table in TABLES}

    rule:
        name:
            f"landscape_{MEASURE}"
        input:
            events=rules.prepare.output.events,
            split=split_of,
            directions=DIRECTIONS,
            run=[rules.train.output.checkpoint, rules.train.output.snapshots],
        output:
            **SHARES,
        log:
            f"{LOGS}/landscape/{SHARE}.log",
        benchmark:
            f"{BENCHMARKS}/landscape/{SHARE}.tsv"
        resources:
            **needs(4000, 1440),
        params:
            code=code("landscape_measure.py", f"study.landscape.{MEASURE}"),
            modules=[f"study.landscape.{MEASURE}"],
            landscape=landscape_settings("samples", "jobs", *SETTINGS),
        script:
            "../scripts/landscape_measure.py"

    rule:
        name:
            f"landscape_join_{MEASURE}"
        input:
            **{table: each_job(file) for table, file in SHARES.items()},
        output:
            **{table: LANDSCAPES[table] for table in TABLES},
        log:
            f"{LOGS}/landscape/join_{MEASURE}.log",
        localrule: True
        params:
            sorted_by=[
                *("neuron", "seed", "state", "direction", "direction2", "sample"),
                *("search", "depth", "epoch", "batch", "t", "reach", "of", "x", "y"),
            ],
        script:
            "../scripts/join_tables.py"


rule landscape_summary:
    input:
        **pick(LANDSCAPES, "lines", "planes", "profiles", "profile_minima", "changes"),
        **pick(LANDSCAPES, "census_lines", "steps", "updates"),
    output:
        lines=f"{LANDSCAPE}/line_minima.parquet",
        planes=f"{LANDSCAPE}/plane_minima.parquet",
        table=f"{LANDSCAPE}/measures.csv",
        census=f"{LANDSCAPE}/census.csv",
    log:
        f"{LOGS}/landscape/summary.log",
    localrule: True
    params:
        searches=SEED_SEARCHES,
        folds=SEED_FOLDS,
    script:
        "../scripts/landscape_summary.py"


rule landscape_closeup_measures:
    input:
        closeups=LANDSCAPES["closeups"],
    output:
        measures=f"{LANDSCAPE}/closeup_measures.csv",
    log:
        f"{LOGS}/landscape/closeup_measures.log",
    localrule: True
    script:
        "../scripts/landscape_closeup_measures.py"


rule landscape_examples:
    input:
        events=rules.prepare.output.events,
        splits=list(dict.fromkeys(SEED_SPLITS[seed] for seed in LANDSCAPE_SEEDS)),
        changes=LANDSCAPES["changes"],
        directions=expand(DIRECTIONS, neuron=NEURONS, seed=LANDSCAPE_SEEDS),
    output:
        changes=f"{LANDSCAPE}/examples/changes.parquet",
        losses=f"{LANDSCAPE}/examples/losses.parquet",
        spikes=f"{LANDSCAPE}/examples/spikes.parquet",
        potentials=f"{LANDSCAPE}/examples/potentials.parquet",
    log:
        f"{LOGS}/landscape/examples.log",
    benchmark:
        f"{BENCHMARKS}/landscape/examples.tsv"
    resources:
        **needs(4000, 1440),
    params:
        landscape=landscape_settings("samples", "examples"),
        splits=SEED_SPLITS,
    script:
        "../scripts/landscape_examples.py"


LANDSCAPES |= {
    "line_minima": rules.landscape_summary.output.lines,
    "plane_minima": rules.landscape_summary.output.planes,
    "census": rules.landscape_summary.output.census,
}
LANDSCAPE_RESULTS += [
    *LANDSCAPES.values(),
    *map(str, rules.landscape_states.output),
    *map(str, rules.landscape_closeup_measures.output),
    rules.landscape_summary.output.table,
]


figure(
    "landscape",
    "landscape_closeups",
    "close-ups of loss and gradient",
    {"closeups": LANDSCAPES["closeups"]},
    seed=LANDSCAPE_SEEDS[0],
)
figure(
    "landscape",
    "landscape_closeup_measures",
    "how rough close-ups are",
    dict(rules.landscape_closeup_measures.output.items()),
)
