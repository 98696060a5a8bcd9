# Claims judged, a page for each paper, and all of the study in one file.


rule judge_claims:
    input:
        lambda w: all_at(sources(claimed(STUDY), PARTS)),
    output:
        table=at("claims.csv"),
        page=at("claims.md"),
        html=at("claims.html"),
        judged=at("judged.yaml"),
    log:
        f"{LOGS}/claims.log",
    localrule: True
    params:
        tables={name: all_at(own) for name, own in claimed(STUDY).items()},
        paper="2606.03935",
        data=STUDY.dataset,
        criteria=STUDY.kept()["criteria"],
        seed=STUDY.seeds[0],
    script:
        "../scripts/judge_claims.py"


use rule judge_claims as judge_ntk_claims with:
    input:
        lambda w: all_at(sources(ntk_claimed(STUDY), PARTS)),
    output:
        table=at("ntk/claims.csv"),
        page=at("ntk/claims.md"),
        html=at("ntk/claims.html"),
        judged=at("ntk/judged.yaml"),
    log:
        f"{LOGS}/ntk/claims.log",
    params:
        tables={name: all_at(own) for name, own in ntk_claimed(STUDY).items()},
        paper="2405.15539",
        data="regression on the circle",


rule ntk_page:
    input:
        rules.judge_ntk_claims.output,
        stage("ntk"),
    output:
        page=at("ntk/README.md"),
        html=at("ntk/index.html"),
        study=at("ntk/study.yaml"),
        hours=at("ntk/hours.csv"),
        software=at("ntk/software.yaml"),
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
        rules.judge_claims.output,
        rules.judge_ntk_claims.output,
        rules.ntk_page.output,
        stage(),
        outcomes=all_at(run_files(STUDY, "outcome.json")),
    output:
        page=at("README.md"),
        html=at("index.html"),
        study=at("study.yaml"),
        hours=at("hours.csv"),
        software=at("software.yaml"),
    log:
        f"{LOGS}/page.log",
    params:
        study=STUDY.kept(),
        benchmarks=BENCHMARKS,


rule whole_report:
    """The whole study in one file for the browser: the answer first, then all figures and tables."""
    input:
        rules.study_page.output,
        rules.ntk_page.output,
        stage(),
    output:
        report=at("report.html"),
    log:
        f"{LOGS}/report.log",
    localrule: True
    params:
        shown=[
            (title, what, at(f), text)
            for title, what, f, text in shown(PARTS, PICTURES)
        ],
        data=STUDY.dataset,
    script:
        "../scripts/whole_report.py"


# These have no outputs, so that they run whenever they are asked for.
rule publish:
    """Copy the study's page, tables, figures and networks to docs/results."""
    input:
        page=rules.study_page.output.page,
    log:
        f"{LOGS}/publish.log",
    localrule: True
    params:
        results=lambda w, input: str(Path(input.page).parent),
        target=f"docs/results/{STUDY.dataset.removeprefix('heidelberg-digits-')}",
        repository=str(BASE.parent),
    script:
        "../scripts/publish.py"


use rule publish as publish_ntk with:
    """The same of the second paper's part, which needs no spikes."""
    input:
        page=rules.ntk_page.output.page,
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
        table=at("estimate.csv"),
    script:
        "../scripts/estimate.py"
