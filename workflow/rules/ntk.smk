# The surrogate-gradient NTK (arXiv 2405.15539). Independent of the spike data.
NTK = f"{RESULTS}/ntk"
NTK_KERNELS = [experiment.name for experiment in STUDY.ntk.kernels]
NTK_ENSEMBLES = [experiment.name for experiment in STUDY.ntk.ensembles]
NTK_ON_CIRCLE = [e.name for e in STUDY.ntk.ensembles if not e.gaussian_inputs]
NTK_OFF_CIRCLE = [e.name for e in STUDY.ntk.ensembles if e.gaussian_inputs]
NTK_PREDICTIONS = f"{NTK}/{{experiment}}/predictions.parquet"
NTK_DISTANCES = f"{NTK}/{{experiment}}/distances.csv"
NTK_SPREADS = f"{NTK}/{{experiment}}/spreads.csv"
NTK_TRENDS = f"{NTK}/{{experiment}}/trends.csv"


wildcard_constraints:
    job=r"\d+",


rule ntk_train:
    output:
        networks=f"{NTK}/{{experiment}}/networks/{{job}}.parquet",
    log:
        f"{LOGS}/ntk/{{experiment}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/ntk/{{experiment}}/{{job}}.tsv"
    resources:
        **needs(2000, 240),
    params:
        problem=STUDY.ntk.problem.model_dump(mode="json"),
        experiment=ntk_experiment,
        checkpoints=f"{NTK}/{{experiment}}/networks/{{job}}.checkpoints",
    script:
        "../scripts/ntk_train.py"


rule ntk_kernels:
    input:
        networks=lambda w: ntk_networks(w.experiment),
    output:
        analytic=f"{NTK}/{{experiment}}/analytic.parquet",
        errors=f"{NTK}/{{experiment}}/errors.parquet",
        mean_errors=f"{NTK}/{{experiment}}/mean_errors.csv",
        exponents=f"{NTK}/{{experiment}}/exponents.csv",
        growth=f"{NTK}/{{experiment}}/growth.csv",
    log:
        f"{LOGS}/ntk/{{experiment}}/kernels.log",
    benchmark:
        f"{BENCHMARKS}/ntk/{{experiment}}/kernels.tsv"
    resources:
        **needs(2000, 240),
    params:
        problem=STUDY.ntk.problem.model_dump(mode="json"),
        experiment=ntk_experiment,
        n_resamples=STUDY.ntk.n_resamples,
    script:
        "../scripts/ntk_kernels.py"


# All ensembles in one job: a second of work each, which is less than it takes to start one.
rule ntk_comparison:
    input:
        networks=ntk_networks(*NTK_ENSEMBLES),
    output:
        predictions=expand(NTK_PREDICTIONS, experiment=NTK_ENSEMBLES),
        distances=expand(NTK_DISTANCES, experiment=NTK_ENSEMBLES),
        spreads=expand(NTK_SPREADS, experiment=NTK_ENSEMBLES),
        trends=expand(NTK_TRENDS, experiment=NTK_ENSEMBLES),
    log:
        f"{LOGS}/ntk/comparison.log",
    benchmark:
        f"{BENCHMARKS}/ntk/comparison.tsv"
    resources:
        **needs(2000, 240),
    params:
        problem=STUDY.ntk.problem.model_dump(mode="json"),
        experiments=ntk_experiments(NTK_ENSEMBLES),
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
    resources:
        **needs(2000, 240),
    params:
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
    resources:
        **needs(2000, 240),
    params:
        stability=STUDY.ntk.stability.model_dump(mode="json"),
    script:
        "../scripts/ntk_stability.py"


figure(
    "ntk",
    "ntk_off_circle",
    "inputs off the circle",
    {
        "off_circle": rules.ntk_limits.output.off_circle,
        "distances": expand(NTK_DISTANCES, experiment=NTK_OFF_CIRCLE),
    },
    setup=STUDY.ntk.off_circle.model_dump(mode="json"),
    experiments=NTK_OFF_CIRCLE,
)
figure(
    "ntk",
    "ntk_kernels",
    "kernels",
    {
        "networks": ntk_networks(*NTK_KERNELS),
        "analytic": expand(rules.ntk_kernels.output.analytic, experiment=NTK_KERNELS),
    },
    each=NTK_KERNELS,
    experiments=ntk_experiments(NTK_KERNELS),
)
figure(
    "ntk",
    "ntk_kernel",
    "kernels of finite networks against width",
    {
        "errors": expand(rules.ntk_kernels.output.errors, experiment=NTK_KERNELS),
        "exponents": expand(rules.ntk_kernels.output.exponents, experiment=NTK_KERNELS),
    },
    each=["error", "drift"],
    experiments=NTK_KERNELS,
)
figure(
    "ntk",
    "ntk_ensemble",
    "ensemble",
    {
        "networks": ntk_networks(*NTK_ON_CIRCLE),
        "predictions": expand(NTK_PREDICTIONS, experiment=NTK_ON_CIRCLE),
        "problem": rules.ntk_limits.output.problem,
    },
    each=NTK_ON_CIRCLE,
    experiments=ntk_experiments(NTK_ON_CIRCLE),
)
figure(
    "ntk",
    "ntk_comparison",
    "which kernel networks follow",
    {"distances": expand(NTK_DISTANCES, experiment=NTK_ON_CIRCLE)},
    experiments=NTK_ON_CIRCLE,
)
figure(
    "ntk",
    "ntk_spread",
    "how far single networks scatter",
    {
        "spreads": expand(NTK_SPREADS, experiment=NTK_ON_CIRCLE),
        "trends": expand(NTK_TRENDS, experiment=NTK_ON_CIRCLE),
    },
    experiments=NTK_ON_CIRCLE,
)
figure(
    "ntk",
    "ntk_stability",
    "unstable learning",
    pick(rules.ntk_stability.output, "cases", "drift"),
)
