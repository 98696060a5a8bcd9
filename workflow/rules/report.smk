# The study's first page, and that on methods; snakemake --report collects all figures and tables.
REPORT_RESULTS = [f"{RESULTS}/index.html"]
NEXT = {  # what to open after the first page, where the study has it
    "claims.html": "every statement of the abstracts, judged",
    "figures/landscapes.png": "loss and gradient around the networks",
    "figures/samples.png": "single samples: where the loss jumps, and why",
    "figures/surfaces.html": "loss surfaces to turn",
    "figures/sg_ntk.png": "the second paper: networks and the surrogate-gradient NTK",
    "training/figures/learning_curves.png": "learning curves of all runs",
    "search/figures/slices.png": "what the searches tried",
    "methods.html": "methods: data, budget, machines, all settings",
}


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


MADE = {f"{RESULTS}/claims.html", f"{RESULTS}/methods.html", *figure_files(*FAMILIES)}
NEXT = {name: what for name, what in NEXT.items() if f"{RESULTS}/{name}" in MADE}


rule overview:
    input:
        summary=rules.summarise.output.summary,
        runs=rules.summarise.output.runs,
        claims=rules.judge_claims.output.table,
        figure=f"{RESULTS}/figures/performance.png" if len(NEURONS) > 1 else [],
        linked=[ancient(f"{RESULTS}/{name}") for name in NEXT],  # to be there is enough
    output:
        page=reported(f"{RESULTS}/index.html", "overview", "Answer", "first page"),
    log:
        f"{LOGS}/overview.log",
    localrule: True
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("overview.py"),
        data=STUDY.dataset,
        places=NEXT,
    script:
        "../scripts/overview.py"


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
