# Loss and gradient landscapes around networks: untrained, at equal loss, trained, at equal activity.
LANDSCAPE = f"{RESULTS}/landscape"
LANDSCAPE_SEEDS = list(STUDY.landscape.seeds)
DIRECTIONS = f"{LANDSCAPE}/directions/{{neuron}}/{{seed}}.safetensors"
LANDSCAPE_RESULTS = [
    f"{LANDSCAPE}/{name}.csv" for name in ("states", "census", "measures")
]


use rule train as train_equal_activity with:
    output:
        checkpoint=f"{LANDSCAPE}/equal_activity/{{neuron}}/{{seed}}/best.safetensors",
        snapshots=f"{LANDSCAPE}/equal_activity/{{neuron}}/{{seed}}/snapshots.safetensors",
        history=f"{LANDSCAPE}/equal_activity/{{neuron}}/{{seed}}/history.parquet",
        outcome=f"{LANDSCAPE}/equal_activity/{{neuron}}/{{seed}}/outcome.json",
    log:
        f"{LOGS}/landscape/equal_activity/{{neuron}}/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/equal_activity/{{neuron}}/{{seed}}.tsv"
    params:
        model=lambda wildcards: STUDY.model(wildcards.neuron).model_dump(mode="json"),
        overrides={
            "training.activity": STUDY.landscape.equal_activity.model_dump(mode="json")
        },


rule landscape_directions:
    input:
        events=rules.prepare.output.events,
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
    conda:
        "../../envs/spikegrad.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=minutes("landscape_directions"),
    params:
        code=code("landscape_directions.py"),
        landscape=landscape_settings("samples", "directions"),
    script:
        "../scripts/landscape_directions.py"


rule landscape_surface:
    input:
        events=rules.prepare.output.events,
        directions=DIRECTIONS,
    output:
        lines=f"{LANDSCAPE}/surfaces/{{neuron}}/{{seed}}/{{job}}.lines.parquet",
        planes=f"{LANDSCAPE}/surfaces/{{neuron}}/{{seed}}/{{job}}.planes.parquet",
    log:
        f"{LOGS}/landscape/surfaces/{{neuron}}/{{seed}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/surfaces/{{neuron}}/{{seed}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=minutes("landscape_surface"),
    params:
        code=code("landscape_surface.py"),
        landscape=landscape_settings("samples", "jobs", "directions", "lines", "planes"),
    script:
        "../scripts/landscape_surface.py"


rule landscape_merge:
    input:
        lines=each_job(rules.landscape_surface.output.lines),
        planes=each_job(rules.landscape_surface.output.planes),
        states=expand(rules.landscape_directions.output.states, seed=LANDSCAPE_SEEDS),
    output:
        lines=f"{LANDSCAPE}/lines.parquet",
        planes=f"{LANDSCAPE}/planes.parquet",
        states=reported(
            f"{LANDSCAPE}/states.csv",
            "landscape_states",
            "Landscapes",
            "the networks looked at",
        ),
    log:
        f"{LOGS}/landscape/merge.log",
    localrule: True
    conda:
        "../../envs/spikegrad.yaml"
    params:
        code=code("landscape_merge.py"),
    script:
        "../scripts/landscape_merge.py"


rule landscape_fragmentation:
    input:
        lines=rules.landscape_merge.output.lines,
        planes=rules.landscape_merge.output.planes,
    output:
        lines=f"{LANDSCAPE}/line_minima.parquet",
        planes=f"{LANDSCAPE}/plane_minima.parquet",
    log:
        f"{LOGS}/landscape/fragmentation.log",
    localrule: True
    conda:
        "../../envs/spikegrad.yaml"
    params:
        code=code("landscape_fragmentation.py"),
        depths=STUDY.landscape.depths,
        tolerance=STUDY.landscape.lines.tolerance,
    script:
        "../scripts/landscape_fragmentation.py"


rule landscape_census:
    input:
        events=rules.prepare.output.events,
        directions=DIRECTIONS,
    output:
        changes=f"{LANDSCAPE}/census/{{neuron}}/{{seed}}/{{job}}.changes.parquet",
        lines=f"{LANDSCAPE}/census/{{neuron}}/{{seed}}/{{job}}.lines.parquet",
        losses=f"{LANDSCAPE}/census/{{neuron}}/{{seed}}/{{job}}.losses.parquet",
    log:
        f"{LOGS}/landscape/census/{{neuron}}/{{seed}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/census/{{neuron}}/{{seed}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=minutes("landscape_census"),
    params:
        code=code("landscape_census.py"),
        landscape=landscape_settings("samples", "jobs", "directions", "census"),
    script:
        "../scripts/landscape_census.py"


rule landscape_changes:
    input:
        changes=each_job(rules.landscape_census.output.changes),
        lines=each_job(rules.landscape_census.output.lines),
        losses=each_job(rules.landscape_census.output.losses),
    output:
        changes=f"{LANDSCAPE}/changes.parquet",
        lines=f"{LANDSCAPE}/census_lines.parquet",
        losses=f"{LANDSCAPE}/census_losses.parquet",
        summary=reported(
            f"{LANDSCAPE}/census.csv",
            "landscape_summary",
            "Landscapes",
            "summary of the census",
        ),
    log:
        f"{LOGS}/landscape/changes.log",
    localrule: True
    conda:
        "../../envs/spikegrad.yaml"
    params:
        code=code("landscape_changes.py"),
    script:
        "../scripts/landscape_changes.py"


rule landscape_profiles:
    input:
        events=rules.prepare.output.events,
        directions=DIRECTIONS,
    output:
        profiles=f"{LANDSCAPE}/profiles/{{neuron}}/{{seed}}/{{job}}.parquet",
        minima=f"{LANDSCAPE}/profiles/{{neuron}}/{{seed}}/{{job}}.minima.parquet",
    log:
        f"{LOGS}/landscape/profiles/{{neuron}}/{{seed}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/profiles/{{neuron}}/{{seed}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=minutes("landscape_profiles"),
    params:
        code=code("landscape_profiles.py"),
        landscape=landscape_settings("samples", "jobs", "directions", "profiles"),
    script:
        "../scripts/landscape_profiles.py"


rule landscape_gradients:
    input:
        events=rules.prepare.output.events,
        directions=DIRECTIONS,
        checkpoint=rules.train.output.checkpoint,
        snapshots=rules.train.output.snapshots,
    output:
        steps=f"{LANDSCAPE}/gradients/{{neuron}}/{{seed}}/{{job}}.steps.parquet",
        losses=f"{LANDSCAPE}/gradients/{{neuron}}/{{seed}}/{{job}}.losses.parquet",
        updates=f"{LANDSCAPE}/gradients/{{neuron}}/{{seed}}/{{job}}.updates.parquet",
        samples=f"{LANDSCAPE}/gradients/{{neuron}}/{{seed}}/{{job}}.samples.parquet",
    log:
        f"{LOGS}/landscape/gradients/{{neuron}}/{{seed}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/gradients/{{neuron}}/{{seed}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=minutes("landscape_gradients"),
    params:
        code=code("landscape_gradients.py"),
        landscape=landscape_settings(
            "samples", "jobs", "directions", "steps", "updates"
        ),
    script:
        "../scripts/landscape_gradients.py"


rule landscape_join:
    input:
        profiles=each_job(rules.landscape_profiles.output.profiles),
        minima=each_job(rules.landscape_profiles.output.minima),
        steps=each_job(rules.landscape_gradients.output.steps),
        losses=each_job(rules.landscape_gradients.output.losses),
        updates=each_job(rules.landscape_gradients.output.updates),
        samples=each_job(rules.landscape_gradients.output.samples),
    output:
        profiles=f"{LANDSCAPE}/profiles.parquet",
        minima=f"{LANDSCAPE}/profile_minima.parquet",
        steps=f"{LANDSCAPE}/steps.parquet",
        losses=f"{LANDSCAPE}/step_losses.parquet",
        updates=f"{LANDSCAPE}/updates.csv",
        samples=f"{LANDSCAPE}/sample_gradients.parquet",
    log:
        f"{LOGS}/landscape/join.log",
    localrule: True
    conda:
        "../../envs/spikegrad.yaml"
    params:
        code=code("landscape_join.py"),
    script:
        "../scripts/landscape_join.py"


rule landscape_measures:
    input:
        profiles=rules.landscape_join.output.profiles,
        profile_minima=rules.landscape_join.output.minima,
        line_minima=rules.landscape_fragmentation.output.lines,
        census=rules.landscape_changes.output.summary,
        steps=rules.landscape_join.output.steps,
        updates=rules.landscape_join.output.updates,
    output:
        table=f"{LANDSCAPE}/measures.csv",
    log:
        f"{LOGS}/landscape/measures.log",
    localrule: True
    conda:
        "../../envs/spikegrad.yaml"
    params:
        code=code("landscape_measures.py"),
        searches=SEED_SEARCHES,
    script:
        "../scripts/landscape_measures.py"


rule landscape_examples:
    input:
        events=rules.prepare.output.events,
        changes=rules.landscape_changes.output.changes,
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
    conda:
        "../../envs/spikegrad.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=minutes("landscape_examples"),
    params:
        code=code("landscape_examples.py"),
        landscape=landscape_settings("samples", "directions", "examples"),
    script:
        "../scripts/landscape_examples.py"


figure(
    "landscape",
    "landscape_lines",
    "lines",
    {"lines": rules.landscape_merge.output.lines},
    samples=STUDY.landscape.samples,
    directions=STUDY.landscape.lines.directions,
)
figure(
    "landscape",
    "landscape_jumps",
    "lines of single samples, jumps marked",
    {
        "changes": rules.landscape_changes.output.changes,
        "losses": rules.landscape_changes.output.losses,
    },
)
figure(
    "landscape",
    "landscape_planes",
    "planes and gradient fields",
    {"planes": rules.landscape_merge.output.planes},
    seed=LANDSCAPE_SEEDS[0],
    pairs=STUDY.landscape.planes.directions,
)
figure(
    "landscape",
    "landscape_census",
    "jumps: number, height, cause",
    {
        "changes": rules.landscape_changes.output.changes,
        "summary": rules.landscape_changes.output.summary,
    },
)
figure(
    "landscape",
    "landscape_profiles",
    "single samples: jumps by cause, minima",
    {
        "profiles": rules.landscape_join.output.profiles,
        "minima": rules.landscape_join.output.minima,
    },
)
figure(
    "landscape",
    "landscape_fragmentation",
    "minima by depth",
    {
        "lines": rules.landscape_fragmentation.output.lines,
        "planes": rules.landscape_fragmentation.output.planes,
    },
)
figure(
    "landscape",
    "landscape_gradients",
    "reliability of gradients",
    {
        "steps": rules.landscape_join.output.steps,
        "losses": rules.landscape_join.output.losses,
        "samples": rules.landscape_join.output.samples,
    },
)
figure(
    "landscape",
    "landscape_examples",
    "single samples around a jump",
    {
        "changes": rules.landscape_examples.output.changes,
        "losses": rules.landscape_examples.output.losses,
        "spikes": rules.landscape_examples.output.spikes,
        "potentials": rules.landscape_examples.output.potentials,
    },
)
