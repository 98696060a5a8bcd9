# Loss and gradient landscapes around networks: untrained, at equal loss, trained, at equal activity.
LANDSCAPE = f"{RESULTS}/landscape"
LANDSCAPE_FIGURES = f"{LANDSCAPE}/figures"
LANDSCAPE_SEEDS = list(STUDY.landscape.seeds)
LANDSCAPE_JOBS = range(STUDY.landscape.jobs)
LANDSCAPE_RESULTS = [
    f"{LANDSCAPE}/states.csv",
    f"{LANDSCAPE}/census.csv",
    *expand(
        f"{LANDSCAPE_FIGURES}/{{name}}.png",
        name=[
            "lines",
            "jumps",
            "planes",
            "census",
            "profiles",
            "fragmentation",
            "gradients",
            "examples",
        ],
    ),
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
        checkpoints=expand(
            rules.train.output.checkpoint, neuron=NEURONS, allow_missing=True
        ),
        snapshots=expand(
            rules.train.output.snapshots, neuron=NEURONS, allow_missing=True
        ),
        active_checkpoints=expand(
            rules.train_equal_activity.output.checkpoint,
            neuron=NEURONS,
            allow_missing=True,
        ),
        active_snapshots=expand(
            rules.train_equal_activity.output.snapshots,
            neuron=NEURONS,
            allow_missing=True,
        ),
        other_checkpoints=lambda w: expand(
            rules.train.output.checkpoint, neuron=NEURONS, seed=next_seed(w)
        ),
        other_snapshots=lambda w: expand(
            rules.train.output.snapshots, neuron=NEURONS, seed=next_seed(w)
        ),
    output:
        directions=expand(
            f"{LANDSCAPE}/directions/{{neuron}}/{{seed}}.safetensors",
            neuron=NEURONS,
            allow_missing=True,
        ),
        states=f"{LANDSCAPE}/directions/{{seed}}.parquet",
    log:
        f"{LOGS}/landscape/directions/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/directions/{{seed}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        code=code("landscape_directions.py"),
        landscape=landscape_settings("samples", "directions"),
    script:
        "../scripts/landscape_directions.py"


LANDSCAPE_DIRECTIONS = f"{LANDSCAPE}/directions/{{neuron}}/{{seed}}.safetensors"


rule landscape_surface:
    input:
        events=rules.prepare.output.events,
        directions=expand(
            LANDSCAPE_DIRECTIONS, seed=LANDSCAPE_SEEDS, allow_missing=True
        ),
    output:
        lines=f"{LANDSCAPE}/surfaces/{{neuron}}/{{job}}.lines.parquet",
        planes=f"{LANDSCAPE}/surfaces/{{neuron}}/{{job}}.planes.parquet",
    log:
        f"{LOGS}/landscape/surfaces/{{neuron}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/surfaces/{{neuron}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(1440),
    params:
        code=code("landscape_surface.py"),
        landscape=landscape_settings(
            "samples", "seeds", "jobs", "directions", "lines", "planes"
        ),
    script:
        "../scripts/landscape_surface.py"


rule landscape_merge:
    input:
        lines=expand(
            rules.landscape_surface.output.lines, neuron=NEURONS, job=LANDSCAPE_JOBS
        ),
        planes=expand(
            rules.landscape_surface.output.planes, neuron=NEURONS, job=LANDSCAPE_JOBS
        ),
        states=expand(rules.landscape_directions.output.states, seed=LANDSCAPE_SEEDS),
    output:
        lines=f"{LANDSCAPE}/lines.parquet",
        planes=f"{LANDSCAPE}/planes.parquet",
        states=report(
            f"{LANDSCAPE}/states.csv",
            caption="../report/landscape_states.rst",
            category="Landscapes",
            labels={"content": "the networks looked at"},
        ),
    log:
        f"{LOGS}/landscape/merge.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
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
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("landscape_fragmentation.py"),
        depths=STUDY.landscape.depths,
        tolerance=STUDY.landscape.lines.tolerance,
    script:
        "../scripts/landscape_fragmentation.py"


rule landscape_census:
    input:
        events=rules.prepare.output.events,
        directions=expand(
            LANDSCAPE_DIRECTIONS, seed=LANDSCAPE_SEEDS, allow_missing=True
        ),
    output:
        changes=f"{LANDSCAPE}/census/{{neuron}}/{{job}}.changes.parquet",
        lines=f"{LANDSCAPE}/census/{{neuron}}/{{job}}.lines.parquet",
        losses=f"{LANDSCAPE}/census/{{neuron}}/{{job}}.losses.parquet",
    log:
        f"{LOGS}/landscape/census/{{neuron}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/census/{{neuron}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(1440),
    params:
        code=code("landscape_census.py"),
        landscape=landscape_settings("samples", "seeds", "jobs", "directions", "census"),
    script:
        "../scripts/landscape_census.py"


rule landscape_changes:
    input:
        changes=expand(
            rules.landscape_census.output.changes, neuron=NEURONS, job=LANDSCAPE_JOBS
        ),
        lines=expand(
            rules.landscape_census.output.lines, neuron=NEURONS, job=LANDSCAPE_JOBS
        ),
        losses=expand(
            rules.landscape_census.output.losses, neuron=NEURONS, job=LANDSCAPE_JOBS
        ),
    output:
        changes=f"{LANDSCAPE}/changes.parquet",
        lines=f"{LANDSCAPE}/census_lines.parquet",
        losses=f"{LANDSCAPE}/census_losses.parquet",
        summary=report(
            f"{LANDSCAPE}/census.csv",
            caption="../report/landscape_summary.rst",
            category="Landscapes",
            labels={"content": "summary of the census"},
        ),
    log:
        f"{LOGS}/landscape/changes.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("landscape_changes.py"),
    script:
        "../scripts/landscape_changes.py"


rule landscape_profiles:
    input:
        events=rules.prepare.output.events,
        directions=expand(
            LANDSCAPE_DIRECTIONS, seed=LANDSCAPE_SEEDS, allow_missing=True
        ),
    output:
        profiles=f"{LANDSCAPE}/profiles/{{neuron}}/{{job}}.parquet",
        minima=f"{LANDSCAPE}/profiles/{{neuron}}/{{job}}.minima.parquet",
    log:
        f"{LOGS}/landscape/profiles/{{neuron}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/profiles/{{neuron}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(1440),
    params:
        code=code("landscape_profiles.py"),
        landscape=landscape_settings(
            "samples", "seeds", "jobs", "directions", "profiles"
        ),
    script:
        "../scripts/landscape_profiles.py"


rule landscape_gradients:
    input:
        events=rules.prepare.output.events,
        directions=expand(
            LANDSCAPE_DIRECTIONS, seed=LANDSCAPE_SEEDS, allow_missing=True
        ),
        checkpoints=expand(
            rules.train.output.checkpoint, seed=LANDSCAPE_SEEDS, allow_missing=True
        ),
        snapshots=expand(
            rules.train.output.snapshots, seed=LANDSCAPE_SEEDS, allow_missing=True
        ),
    output:
        steps=f"{LANDSCAPE}/gradients/{{neuron}}/{{job}}.steps.parquet",
        losses=f"{LANDSCAPE}/gradients/{{neuron}}/{{job}}.losses.parquet",
        updates=f"{LANDSCAPE}/gradients/{{neuron}}/{{job}}.updates.parquet",
        samples=f"{LANDSCAPE}/gradients/{{neuron}}/{{job}}.samples.parquet",
    log:
        f"{LOGS}/landscape/gradients/{{neuron}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/gradients/{{neuron}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(1440),
    params:
        code=code("landscape_gradients.py"),
        landscape=landscape_settings(
            "samples", "seeds", "jobs", "directions", "steps", "updates"
        ),
    script:
        "../scripts/landscape_gradients.py"


rule landscape_join:
    input:
        profiles=expand(
            rules.landscape_profiles.output.profiles,
            neuron=NEURONS,
            job=LANDSCAPE_JOBS,
        ),
        minima=expand(
            rules.landscape_profiles.output.minima, neuron=NEURONS, job=LANDSCAPE_JOBS
        ),
        steps=expand(
            rules.landscape_gradients.output.steps, neuron=NEURONS, job=LANDSCAPE_JOBS
        ),
        losses=expand(
            rules.landscape_gradients.output.losses, neuron=NEURONS, job=LANDSCAPE_JOBS
        ),
        updates=expand(
            rules.landscape_gradients.output.updates,
            neuron=NEURONS,
            job=LANDSCAPE_JOBS,
        ),
        samples=expand(
            rules.landscape_gradients.output.samples,
            neuron=NEURONS,
            job=LANDSCAPE_JOBS,
        ),
    output:
        profiles=f"{LANDSCAPE}/profiles.parquet",
        minima=f"{LANDSCAPE}/profile_minima.parquet",
        steps=f"{LANDSCAPE}/steps.parquet",
        losses=f"{LANDSCAPE}/step_losses.parquet",
        updates=f"{LANDSCAPE}/updates.csv",
        samples=f"{LANDSCAPE}/sample_gradients.parquet",
    log:
        f"{LOGS}/landscape/join.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("landscape_join.py"),
    script:
        "../scripts/landscape_join.py"


rule landscape_examples:
    input:
        events=rules.prepare.output.events,
        changes=rules.landscape_changes.output.changes,
        directions=expand(LANDSCAPE_DIRECTIONS, neuron=NEURONS, seed=LANDSCAPE_SEEDS),
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
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        code=code("landscape_examples.py"),
        landscape=landscape_settings("samples", "directions", "examples"),
    script:
        "../scripts/landscape_examples.py"


rule plot_landscape_lines:
    input:
        lines=rules.landscape_merge.output.lines,
    output:
        png=report_figure(
            f"{LANDSCAPE_FIGURES}/lines.png", "landscape_lines", "Landscapes", "lines"
        ),
        pdf=f"{LANDSCAPE_FIGURES}/lines.pdf",
    log:
        f"{LOGS}/landscape/plot_lines.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_lines.py"),
        data=STUDY.dataset,
        samples=STUDY.landscape.samples,
        directions=STUDY.landscape.lines.directions,
    script:
        "../scripts/plot_landscape_lines.py"


rule plot_landscape_jumps:
    input:
        changes=rules.landscape_changes.output.changes,
        losses=rules.landscape_changes.output.losses,
    output:
        png=report_figure(
            f"{LANDSCAPE_FIGURES}/jumps.png",
            "landscape_jumps",
            "Landscapes",
            "lines of single samples, jumps marked",
        ),
        pdf=f"{LANDSCAPE_FIGURES}/jumps.pdf",
    log:
        f"{LOGS}/landscape/plot_jumps.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_jumps.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_landscape_jumps.py"


rule plot_landscape_planes:
    input:
        planes=rules.landscape_merge.output.planes,
    output:
        png=report_figure(
            f"{LANDSCAPE_FIGURES}/planes.png",
            "landscape_planes",
            "Landscapes",
            "planes and gradient fields",
        ),
        pdf=f"{LANDSCAPE_FIGURES}/planes.pdf",
    log:
        f"{LOGS}/landscape/plot_planes.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_planes.py"),
        data=STUDY.dataset,
        seed=LANDSCAPE_SEEDS[0],
        pairs=STUDY.landscape.planes.directions,
    script:
        "../scripts/plot_landscape_planes.py"


rule plot_landscape_census:
    input:
        changes=rules.landscape_changes.output.changes,
        summary=rules.landscape_changes.output.summary,
    output:
        png=report_figure(
            f"{LANDSCAPE_FIGURES}/census.png",
            "landscape_census",
            "Landscapes",
            "jumps: number, height, cause",
        ),
        pdf=f"{LANDSCAPE_FIGURES}/census.pdf",
    log:
        f"{LOGS}/landscape/plot_census.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_census.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_landscape_census.py"


rule plot_landscape_profiles:
    input:
        profiles=rules.landscape_join.output.profiles,
        minima=rules.landscape_join.output.minima,
    output:
        png=report_figure(
            f"{LANDSCAPE_FIGURES}/profiles.png",
            "landscape_profiles",
            "Landscapes",
            "single samples: jumps by cause, minima",
        ),
        pdf=f"{LANDSCAPE_FIGURES}/profiles.pdf",
    log:
        f"{LOGS}/landscape/plot_profiles.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_profiles.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_landscape_profiles.py"


rule plot_landscape_fragmentation:
    input:
        lines=rules.landscape_fragmentation.output.lines,
        planes=rules.landscape_fragmentation.output.planes,
    output:
        png=report_figure(
            f"{LANDSCAPE_FIGURES}/fragmentation.png",
            "landscape_fragmentation",
            "Landscapes",
            "minima by depth",
        ),
        pdf=f"{LANDSCAPE_FIGURES}/fragmentation.pdf",
    log:
        f"{LOGS}/landscape/plot_fragmentation.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_fragmentation.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_landscape_fragmentation.py"


rule plot_landscape_gradients:
    input:
        steps=rules.landscape_join.output.steps,
        losses=rules.landscape_join.output.losses,
        samples=rules.landscape_join.output.samples,
    output:
        png=report_figure(
            f"{LANDSCAPE_FIGURES}/gradients.png",
            "landscape_gradients",
            "Landscapes",
            "reliability of gradients",
        ),
        pdf=f"{LANDSCAPE_FIGURES}/gradients.pdf",
    log:
        f"{LOGS}/landscape/plot_gradients.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_gradients.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_landscape_gradients.py"


rule plot_landscape_examples:
    input:
        changes=rules.landscape_examples.output.changes,
        losses=rules.landscape_examples.output.losses,
        spikes=rules.landscape_examples.output.spikes,
        potentials=rules.landscape_examples.output.potentials,
    output:
        png=report_figure(
            f"{LANDSCAPE_FIGURES}/examples.png",
            "landscape_examples",
            "Landscapes",
            "single samples around a jump",
        ),
        pdf=f"{LANDSCAPE_FIGURES}/examples.pdf",
    log:
        f"{LOGS}/landscape/plot_examples.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_examples.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_landscape_examples.py"


localrules:
    landscape_merge,
    landscape_fragmentation,
    landscape_changes,
    landscape_join,
    plot_landscape_lines,
    plot_landscape_jumps,
    plot_landscape_planes,
    plot_landscape_census,
    plot_landscape_profiles,
    plot_landscape_fragmentation,
    plot_landscape_gradients,
    plot_landscape_examples,
