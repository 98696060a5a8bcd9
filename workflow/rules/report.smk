# The report's page on methods; snakemake --report collects it with all figures and tables.
REPORT_RESULTS = [f"{RESULTS}/methods.html"]


rule describe_methods:
    input:
        data=rules.data_statistics.output.summary,
        histories=each_run(rules.train.output.history),
        outcomes=each_run(rules.train.output.outcome),
        searches=(each_search(rules.search_best.output.best) if STUDY.search else []),
        measured=[
            rules.prepare.benchmark,
            *each_run(rules.train.benchmark),
            *each_job(rules.landscape_surface.benchmark),
            *each_job(rules.landscape_census.benchmark),
            *each_job(rules.landscape_profiles.benchmark),
            *each_job(rules.landscape_gradients.benchmark),
            *[
                rules.ntk_train.benchmark.format(experiment=name, job=job)
                for name in [*NTK_KERNELS, *NTK_ENSEMBLES]
                for job in range(len(ntk_networks(name)))
            ],
        ],
    output:
        page=reported(f"{RESULTS}/methods.html", "methods", "Methods", "methods"),
    log:
        f"{LOGS}/methods.log",
    localrule: True
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("describe_methods.py"),
        models={n: STUDY.model(n).model_dump(mode="json") for n in NEURONS},
        study=STUDY.model_dump(mode="json"),
    script:
        "../scripts/describe_methods.py"


# It has no outputs, so that it runs whenever it is asked for: another machine has another answer.
rule estimate:
    """What the whole study will cost on this machine, before it starts; needs no data."""
    log:
        f"{LOGS}/estimate.log",
    localrule: True
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        study=STUDY.model_dump(mode="json"),
        snakefile=workflow.main_snakefile,
        families={
            "data": "data",
            "search": "search",
            "train": "training",
            "landscape": "landscapes",
            "ntk": "ntk",
        },
        cores=workflow.resource_settings.cores,
        rules=f"{RESULTS}/estimate/rules.csv",
        walls=f"{RESULTS}/estimate/cores.csv",
    script:
        "../scripts/estimate.py"
