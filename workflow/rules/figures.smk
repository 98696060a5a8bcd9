# Figures that compose what several families found, one for each section of the papers.
PAPER_FIGURES = f"{RESULTS}/figures"
NTK_NAIVE_KERNELS = [name for name in NTK_KERNELS if name not in NTK_SURROGATE_KERNELS]
FIGURE_NAMES = []
if len(NEURONS) > 1:  # what compares neuron models
    FIGURE_NAMES += [
        "performance.png",
        "landscapes.png",
        "samples.png",
        "surfaces.html",
    ]
if NTK_NAIVE_KERNELS and NTK_SURROGATE_KERNELS:
    FIGURE_NAMES.append("sg_ntk.png")
FIGURE_RESULTS = [f"{PAPER_FIGURES}/{name}" for name in FIGURE_NAMES]


rule plot_paper_performance:
    input:
        histories=expand(rules.train.output.history, neuron=NEURONS, seed=STUDY.seeds),
        runs=rules.summarise.output.runs,
        trials=rules.judge_claims.input.trials,
    output:
        png=report_figure(
            f"{PAPER_FIGURES}/performance.png",
            "paper_performance",
            "Papers",
            "1: LIF and QIF, performance",
        ),
        pdf=f"{PAPER_FIGURES}/performance.pdf",
    log:
        f"{LOGS}/figures/performance.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_paper_performance.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_paper_performance.py"


rule plot_paper_landscapes:
    input:
        planes=rules.landscape_merge.output.planes,
        lines=rules.landscape_merge.output.lines,
        line_minima=rules.landscape_fragmentation.output.lines,
        steps=rules.landscape_join.output.steps,
        step_losses=rules.landscape_join.output.losses,
    output:
        png=report_figure(
            f"{PAPER_FIGURES}/landscapes.png",
            "paper_landscapes",
            "Papers",
            "1: LIF and QIF, landscapes",
        ),
        pdf=f"{PAPER_FIGURES}/landscapes.pdf",
    log:
        f"{LOGS}/figures/landscapes.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_paper_landscapes.py"),
        data=STUDY.dataset,
        seed=LANDSCAPE_SEEDS[0],
        pair=STUDY.landscape.planes.directions[0],
        direction=STUDY.landscape.lines.directions[0],
    script:
        "../scripts/plot_paper_landscapes.py"


rule plot_paper_samples:
    input:
        changes=rules.landscape_changes.output.changes,
        losses=rules.landscape_changes.output.losses,
        profiles=rules.landscape_join.output.profiles,
        summary=rules.landscape_changes.output.summary,
        examples=rules.landscape_examples.output.changes,
        spikes=rules.landscape_examples.output.spikes,
    output:
        png=report_figure(
            f"{PAPER_FIGURES}/samples.png",
            "paper_samples",
            "Papers",
            "1: LIF and QIF, single samples",
        ),
        pdf=f"{PAPER_FIGURES}/samples.pdf",
    log:
        f"{LOGS}/figures/samples.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_paper_samples.py"),
        data=STUDY.dataset,
    script:
        "../scripts/plot_paper_samples.py"


# Surfaces to turn.
rule plot_landscape_interactive:
    input:
        planes=rules.landscape_merge.output.planes,
    output:
        page=report_figure(
            f"{PAPER_FIGURES}/surfaces.html",
            "landscape_interactive",
            "Papers",
            "1: LIF and QIF, surfaces to turn",
        ),
    log:
        f"{LOGS}/figures/surfaces.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_landscape_interactive.py"),
        seed=LANDSCAPE_SEEDS[0],
        data=STUDY.dataset,
    script:
        "../scripts/plot_landscape_interactive.py"


if NTK_NAIVE_KERNELS and NTK_SURROGATE_KERNELS:

    rule plot_paper_sg_ntk:
        input:
            naive_analytic=rules.ntk_kernels.output.analytic.format(
                experiment=NTK_NAIVE_KERNELS[0]
            ),
            surrogate_analytic=rules.ntk_kernels.output.analytic.format(
                experiment=NTK_SURROGATE_KERNELS[0]
            ),
            errors=rules.ntk_kernels.output.errors.format(
                experiment=NTK_SURROGATE_KERNELS[0]
            ),
            networks=ntk_networks(NTK_ENSEMBLES[0]),
            predictions=NTK_PREDICTIONS.format(experiment=NTK_ENSEMBLES[0]),
            distances=NTK_DISTANCES.format(experiment=NTK_ENSEMBLES[0]),
            problem=rules.ntk_limits.output.problem,
        output:
            png=report_figure(
                f"{PAPER_FIGURES}/sg_ntk.png",
                "paper_sg_ntk",
                "Papers",
                "2: surrogate-gradient NTK",
            ),
            pdf=f"{PAPER_FIGURES}/sg_ntk.pdf",
        log:
            f"{LOGS}/figures/sg_ntk.log",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        params:
            code=code("plot_paper_sg_ntk.py"),
            experiment=NTK_ENSEMBLES[0],
        script:
            "../scripts/plot_paper_sg_ntk.py"

    localrules:
        plot_paper_sg_ntk,


localrules:
    plot_paper_performance,
    plot_paper_landscapes,
    plot_paper_samples,
    plot_landscape_interactive,
