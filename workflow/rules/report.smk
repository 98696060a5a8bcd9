# A page for each paper, made of the tables beside it, and all of the study in one file.


rule ntk_page:
    input:
        claims=rules.judge_ntk_claims.output,
        errors=expand(rules.ntk_kernels.output.mean_errors, experiment=NTK_KERNELS),
        trends=expand(NTK_TRENDS, experiment=NTK_ENSEMBLES),
        figures=figure_files("ntk"),
    output:
        page=f"{NTK}/README.md",
        html=f"{NTK}/sg-ntk.html",
        study=f"{NTK}/study.yaml",
        hours=f"{NTK}/hours.csv",
        software=f"{NTK}/software.yaml",
    log:
        f"{LOGS}/ntk/page.log",
    localrule: True
    params:
        study=STUDY.model_dump(mode="json", include={"dataset", "criteria", "ntk"}),
        benchmarks=f"{BENCHMARKS}/ntk",
    script:
        "../scripts/study_page.py"


use rule ntk_page as study_page with:
    input:
        data=DATA_RESULTS,
        training=TRAIN_RESULTS,
        outcomes=each_run(rules.train.output.outcome),
        networks=NETWORK_RESULTS,
        search=SEARCH_RESULTS,
        winners=(each_search(rules.search_best.output.best) if STUDY.search else []),
        landscape=LANDSCAPE_RESULTS,
        variants=VARIANT_RESULTS,
        claims=[*rules.judge_claims.output, *rules.judge_ntk_claims.output],
        figures=[
            *figure_files("paper", "landscape", "variants"),
            f"{RESULTS}/training/figures/learning_curves.png",
        ],
        linked=rules.ntk_page.output.page,
    output:
        page=f"{RESULTS}/README.md",
        html=f"{RESULTS}/index.html",
        study=f"{RESULTS}/study.yaml",
        hours=f"{RESULTS}/hours.csv",
        software=f"{RESULTS}/software.yaml",
    log:
        f"{LOGS}/page.log",
    params:
        study=STUDY.kept(),
        benchmarks=BENCHMARKS,


# What the report shows, in the order of FAMILIES: figures and tables, each with its family, what it
# is, its file, and the name of its caption.
SHOWN = [
    (one.family, content, f"{path}.{next(iter(one.outputs))}", one.name)
    for one in FIGURES
    for path, content in one.drawn.items()
]
SHOWN += [
    ("training", "all runs", f"{TRAINING}/runs.csv", None),
    ("training", "means over seeds", f"{TRAINING}/summary.csv", "training_summary"),
    ("data", "summary", f"{DATA}/summary.csv", None),
    ("data", "folds", f"{DATA}/folds.csv", None),
]
if STUDY.search:
    SHOWN += [
        ("search", content, f"{SEARCH}/{name}.csv", f"search_{name}")
        for name, content in {
            "stability": "trials that failed",
            "regions": "what each region costs",
            "rungs": "ranking from rung to rung",
            "winners": "winners within the bounds",
        }.items()
    ]
if LANDSCAPES:
    SHOWN += [
        ("landscape", content, f"{LANDSCAPE}/{name}.csv", f"landscape_{name}")
        for name, content in {
            "states": "the networks looked at",
            "census": "summary of the census",
            "closeup_measures": "how rough close-ups are, values",
        }.items()
    ]
if STUDY.data.source == "heidelberg-digits":
    file = f"{DATA}/shd_comparison.csv"
    SHOWN.append(("data", "beside SHD, values", file, "shd_comparison"))
SHOWN.sort(key=lambda item: [*FAMILIES].index(item[0]))


rule whole_report:
    """The whole study in one file for the browser: the answer first, then all figures and tables."""
    input:
        pages=[f"{RESULTS}/index.html", f"{NTK}/sg-ntk.html"],
        files=[item[2] for item in SHOWN],
    output:
        report=f"{RESULTS}/report.html",
    log:
        f"{LOGS}/report.log",
    localrule: True
    params:
        shown=[(FAMILIES[family][0], *item) for family, *item in SHOWN],
        data=STUDY.dataset,
    script:
        "../scripts/whole_report.py"


# These have no outputs, so that they run whenever they are asked for.
rule publish:
    """Copy the study's page, tables, figures and networks to docs/results."""
    input:
        page=rules.study_page.output.page,
        figures=figure_files(*FAMILIES),
    log:
        f"{LOGS}/publish.log",
    localrule: True
    params:
        results=lambda w, input: str(Path(input.page).parent),
        target=f"docs/results/{STUDY.dataset}",
        repository=str(BASE.parent),
    script:
        "../scripts/publish.py"


use rule publish as publish_ntk with:
    """The same of the second paper's part, which needs no spikes."""
    input:
        page=rules.ntk_page.output.page,
        figures=figure_files("ntk"),
    log:
        f"{LOGS}/ntk/publish.log",
    params:
        target="docs/results/sg-ntk",


rule estimate:
    """What the whole study will cost, before it starts; needs no data."""
    log:
        f"{LOGS}/estimate.log",
    localrule: True
    params:
        study=STUDY.model_dump(mode="json"),
        snakefile=workflow.main_snakefile,
        cores=workflow.resource_settings.cores,
        table=f"{RESULTS}/estimate.csv",
    script:
        "../scripts/estimate.py"
