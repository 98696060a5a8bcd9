# Statements, judged from the tables of all other families; docs/claims.md.
from study.ntk import TRUE_DERIVATIVE

LANDSCAPE_CLAIMED = [
    *("changes", "profiles", "profile_minima", "steps", "updates"),
    *("census", "line_minima", "plane_minima"),
]
NTK_SURROGATE_KERNELS = [
    experiment.name
    for experiment in STUDY.ntk.kernels
    if experiment.surrogate.name != TRUE_DERIVATIVE
]
NTK_NAIVE_KERNELS = [name for name in NTK_KERNELS if name not in NTK_SURROGATE_KERNELS]


rule judge_claims:
    input:
        **{name: LANDSCAPES.get(name, []) for name in LANDSCAPE_CLAIMED},
        runs=rules.summarise.output.runs,
        speakers=rules.summarise.output.speakers,
        budget=rules.search_tables.output.budget if STUDY.search else [],
        stability=rules.search_tables.output.stability if STUDY.search else [],
        silence=rules.join_silence.output.silence,
        histories=rules.summarise.output.histories,
    output:
        table=f"{RESULTS}/claims.csv",
        page=f"{RESULTS}/claims.html",
        judged=f"{RESULTS}/judged.yaml",
    log:
        f"{LOGS}/claims.log",
    localrule: True
    params:
        paper="2606.03935",
        home="index.html",
        data=STUDY.dataset,
        seed=STUDY.seeds[0],
    script:
        "../scripts/judge_claims.py"


use rule judge_claims as judge_ntk_claims with:
    input:
        diagonals=rules.ntk_limits.output.diagonals,
        problem=rules.ntk_limits.output.problem,
        exponents=expand(
            rules.ntk_kernels.output.exponents, experiment=NTK_SURROGATE_KERNELS
        ),
        growth=expand(rules.ntk_kernels.output.growth, experiment=NTK_NAIVE_KERNELS),
        distances=expand(NTK_DISTANCES, experiment=NTK_ON_CIRCLE),
        spreads=expand(NTK_SPREADS, experiment=NTK_ON_CIRCLE),
        trends=expand(NTK_TRENDS, experiment=NTK_ON_CIRCLE),
        off_circle=expand(NTK_DISTANCES, experiment=NTK_OFF_CIRCLE),
    output:
        table=f"{NTK}/claims.csv",
        page=f"{NTK}/sg-ntk-claims.html",
        judged=f"{NTK}/judged.yaml",
    log:
        f"{LOGS}/ntk/claims.log",
    params:
        paper="2405.15539",
        home="sg-ntk.html",
        data="regression on the circle",
