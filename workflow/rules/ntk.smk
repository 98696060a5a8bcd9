# The surrogate-gradient NTK (arXiv 2405.15539). Independent of the spike data.
NTK = f"{RESULTS}/ntk"
NTK_FIGURES = f"{NTK}/figures"
NTK_KERNELS = [experiment.name for experiment in STUDY.ntk.kernels]
NTK_ENSEMBLES = [experiment.name for experiment in STUDY.ntk.ensembles]
NTK_ON_CIRCLE = [e.name for e in STUDY.ntk.ensembles if not e.gaussian_inputs]
NTK_OFF_CIRCLE = [e.name for e in STUDY.ntk.ensembles if e.gaussian_inputs]
NTK_PREDICTIONS = f"{NTK}/{{experiment}}/predictions.parquet"
NTK_DISTANCES = f"{NTK}/{{experiment}}/distances.csv"
NTK_SPREADS = f"{NTK}/{{experiment}}/spreads.csv"
NTK_TRENDS = f"{NTK}/{{experiment}}/trends.csv"


NTK_NAMES = [
    "target",
    "limits",
    "off_circle",
    "kernel_error",
    "kernel_drift",
    "comparison",
    "spread",
    "stability",
    *[f"kernels_{name}" for name in NTK_KERNELS],
    *[f"ensemble_{name}" for name in NTK_ON_CIRCLE],
]
NTK_RESULTS = [f"{NTK_FIGURES}/{name}.png" for name in NTK_NAMES]


wildcard_constraints:
    job=r"\d+",


rule ntk_train:
    output:
        networks=f"{NTK}/{{experiment}}/networks/{{job}}.parquet",
    log:
        f"{LOGS}/ntk/{{experiment}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/ntk/{{experiment}}/{{job}}.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(1440),
    params:
        code=code("ntk_train.py"),
        problem=STUDY.ntk.problem.model_dump(mode="json"),
        experiment=ntk_experiment,
        checkpoints=f"{NTK}/{{experiment}}/networks/{{job}}.checkpoints",
        checkpoint_every=STUDY.ntk.checkpoint_every,
    script:
        "../scripts/ntk_train.py"


rule ntk_kernels:
    input:
        networks=lambda w: ntk_networks(w.experiment),
    output:
        analytic=f"{NTK}/{{experiment}}/analytic.parquet",
        errors=f"{NTK}/{{experiment}}/errors.parquet",
        exponents=f"{NTK}/{{experiment}}/exponents.csv",
        growth=f"{NTK}/{{experiment}}/growth.csv",
    log:
        f"{LOGS}/ntk/{{experiment}}/kernels.log",
    benchmark:
        f"{BENCHMARKS}/ntk/{{experiment}}/kernels.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        code=code("ntk_kernels.py"),
        problem=STUDY.ntk.problem.model_dump(mode="json"),
        experiment=ntk_experiment,
        n_resamples=STUDY.ntk.n_resamples,
    script:
        "../scripts/ntk_kernels.py"


# All ensembles in one job: a second of work each, which is less than it takes to start one.
rule ntk_comparison:
    input:
        networks=[file for name in NTK_ENSEMBLES for file in ntk_networks(name)],
    output:
        predictions=expand(NTK_PREDICTIONS, experiment=NTK_ENSEMBLES),
        distances=expand(NTK_DISTANCES, experiment=NTK_ENSEMBLES),
        spreads=expand(NTK_SPREADS, experiment=NTK_ENSEMBLES),
        trends=expand(NTK_TRENDS, experiment=NTK_ENSEMBLES),
    log:
        f"{LOGS}/ntk/comparison.log",
    benchmark:
        f"{BENCHMARKS}/ntk/comparison.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        code=code("ntk_comparison.py"),
        problem=STUDY.ntk.problem.model_dump(mode="json"),
        experiments=[
            STUDY.ntk.experiment(name).model_dump(mode="json")
            for name in NTK_ENSEMBLES
        ],
        n_resamples=STUDY.ntk.n_resamples,
    script:
        "../scripts/ntk_comparison.py"


rule ntk_limits:
    output:
        problem=f"{NTK}/limits/problem.csv",
        diagonals=f"{NTK}/limits/diagonals.csv",
        naive_regression=f"{NTK}/limits/naive_regression.csv",
        off_circle=f"{NTK}/limits/off_circle.parquet",
    log:
        f"{LOGS}/ntk/limits.log",
    benchmark:
        f"{BENCHMARKS}/ntk/limits.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        code=code("ntk_limits.py"),
        problem=STUDY.ntk.problem.model_dump(mode="json"),
        analytic=STUDY.ntk.analytic.model_dump(mode="json"),
        off_circle=STUDY.ntk.off_circle.model_dump(mode="json"),
    script:
        "../scripts/ntk_limits.py"


rule ntk_stability:
    output:
        cases=f"{NTK}/stability/cases.csv",
        points=f"{NTK}/stability/points.csv",
        drift=f"{NTK}/stability/drift.parquet",
    log:
        f"{LOGS}/ntk/stability.log",
    benchmark:
        f"{BENCHMARKS}/ntk/stability.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        code=code("ntk_stability.py"),
        problem=STUDY.ntk.problem.model_dump(mode="json"),
        stability=STUDY.ntk.stability.model_dump(mode="json"),
    script:
        "../scripts/ntk_stability.py"


rule plot_ntk_target:
    input:
        problem=rules.ntk_limits.output.problem,
    output:
        png=ntk_figure("target", "target"),
        pdf=f"{NTK_FIGURES}/target.pdf",
    log:
        f"{LOGS}/ntk/plot_target.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_target.py"),
        seed=STUDY.ntk.problem.seed,
    script:
        "../scripts/plot_ntk_target.py"


rule plot_ntk_limits:
    input:
        diagonals=rules.ntk_limits.output.diagonals,
        naive_regression=rules.ntk_limits.output.naive_regression,
    output:
        png=ntk_figure("limits", "limits of steep activations"),
        pdf=f"{NTK_FIGURES}/limits.pdf",
    log:
        f"{LOGS}/ntk/plot_limits.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_limits.py"),
    script:
        "../scripts/plot_ntk_limits.py"


rule plot_ntk_off_circle:
    input:
        off_circle=rules.ntk_limits.output.off_circle,
        distances=expand(NTK_DISTANCES, experiment=NTK_OFF_CIRCLE),
    output:
        png=ntk_figure("off_circle", "inputs off the circle"),
        pdf=f"{NTK_FIGURES}/off_circle.pdf",
    log:
        f"{LOGS}/ntk/plot_off_circle.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_off_circle.py"),
        setup=STUDY.ntk.off_circle.model_dump(mode="json"),
        experiments=NTK_OFF_CIRCLE,
    script:
        "../scripts/plot_ntk_off_circle.py"


rule plot_ntk_kernels:
    input:
        networks=lambda w: ntk_networks(w.experiment),
        analytic=rules.ntk_kernels.output.analytic,
    output:
        png=ntk_figure("kernels_{experiment}", "kernels, {experiment}"),
        pdf=f"{NTK_FIGURES}/kernels_{{experiment}}.pdf",
    log:
        f"{LOGS}/ntk/{{experiment}}/plot_kernels.log",
    wildcard_constraints:
        experiment="|".join(NTK_KERNELS),
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_kernels.py"),
        experiment=ntk_experiment,
    script:
        "../scripts/plot_ntk_kernels.py"


rule plot_ntk_kernel_error:
    input:
        errors=expand(rules.ntk_kernels.output.errors, experiment=NTK_KERNELS),
        exponents=expand(rules.ntk_kernels.output.exponents, experiment=NTK_KERNELS),
    output:
        error_png=ntk_figure("kernel_error", "error of finite networks' kernels"),
        error_pdf=f"{NTK_FIGURES}/kernel_error.pdf",
        drift_png=ntk_figure("kernel_drift", "change of kernels during training"),
        drift_pdf=f"{NTK_FIGURES}/kernel_drift.pdf",
    log:
        f"{LOGS}/ntk/plot_kernel_error.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_kernel_error.py"),
        experiments=NTK_KERNELS,
    script:
        "../scripts/plot_ntk_kernel_error.py"


# All in one job, as above.
rule plot_ntk_ensemble:
    input:
        networks=[file for name in NTK_ON_CIRCLE for file in ntk_networks(name)],
        predictions=expand(NTK_PREDICTIONS, experiment=NTK_ON_CIRCLE),
        problem=rules.ntk_limits.output.problem,
    output:
        png=[
            report_figure(
                f"{NTK_FIGURES}/ensemble_{name}.png",
                "ntk_ensemble",
                "SG-NTK",
                f"ensemble, {name}",
            )
            for name in NTK_ON_CIRCLE
        ],
        pdf=expand(
            f"{NTK_FIGURES}/ensemble_{{experiment}}.pdf", experiment=NTK_ON_CIRCLE
        ),
    log:
        f"{LOGS}/ntk/plot_ensemble.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_ensemble.py"),
        experiments=[
            STUDY.ntk.experiment(name).model_dump(mode="json")
            for name in NTK_ON_CIRCLE
        ],
    script:
        "../scripts/plot_ntk_ensemble.py"


rule plot_ntk_comparison:
    input:
        distances=expand(NTK_DISTANCES, experiment=NTK_ON_CIRCLE),
    output:
        png=ntk_figure("comparison", "which kernel networks follow"),
        pdf=f"{NTK_FIGURES}/comparison.pdf",
    log:
        f"{LOGS}/ntk/plot_comparison.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_comparison.py"),
        experiments=NTK_ON_CIRCLE,
    script:
        "../scripts/plot_ntk_comparison.py"


rule plot_ntk_spread:
    input:
        spreads=expand(NTK_SPREADS, experiment=NTK_ON_CIRCLE),
        trends=expand(NTK_TRENDS, experiment=NTK_ON_CIRCLE),
    output:
        png=ntk_figure("spread", "how far single networks scatter"),
        pdf=f"{NTK_FIGURES}/spread.pdf",
    log:
        f"{LOGS}/ntk/plot_spread.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_spread.py"),
        experiments=NTK_ON_CIRCLE,
    script:
        "../scripts/plot_ntk_spread.py"


rule plot_ntk_stability:
    input:
        cases=rules.ntk_stability.output.cases,
        drift=rules.ntk_stability.output.drift,
    output:
        png=ntk_figure("stability", "unstable learning"),
        pdf=f"{NTK_FIGURES}/stability.pdf",
    log:
        f"{LOGS}/ntk/plot_stability.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("plot_ntk_stability.py"),
        n_points=STUDY.ntk.stability.n_points,
    script:
        "../scripts/plot_ntk_stability.py"


localrules:
    plot_ntk_spread,
    plot_ntk_stability,
    plot_ntk_target,
    plot_ntk_limits,
    plot_ntk_off_circle,
    plot_ntk_kernels,
    plot_ntk_kernel_error,
    plot_ntk_ensemble,
    plot_ntk_comparison,
