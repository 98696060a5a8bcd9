# The report's page on methods; snakemake --report collects it with all figures and tables.
REPORT_RESULTS = [f"{RESULTS}/methods.html"]


rule describe_methods:
    input:
        data=rules.data_statistics.output.summary,
        histories=expand(rules.train.output.history, neuron=NEURONS, seed=STUDY.seeds),
        searches=(
            expand(rules.search_best.output.best, neuron=NEURONS, repeat=REPEATS)
            if STUDY.search
            else []
        ),
        measured=[
            rules.prepare.benchmark,
            *expand(rules.train.benchmark, neuron=NEURONS, seed=STUDY.seeds),
            *expand(
                rules.landscape_surface.benchmark, neuron=NEURONS, job=LANDSCAPE_JOBS
            ),
            *expand(
                rules.landscape_census.benchmark, neuron=NEURONS, job=LANDSCAPE_JOBS
            ),
            *expand(
                rules.landscape_profiles.benchmark, neuron=NEURONS, job=LANDSCAPE_JOBS
            ),
            *expand(
                rules.landscape_gradients.benchmark, neuron=NEURONS, job=LANDSCAPE_JOBS
            ),
            *[
                rules.ntk_train.benchmark.format(experiment=name, job=job)
                for name in [*NTK_KERNELS, *NTK_ENSEMBLES]
                for job in range(len(ntk_networks(name)))
            ],
        ],
    output:
        page=report_figure(f"{RESULTS}/methods.html", "methods", "Methods", "methods"),
    log:
        f"{LOGS}/methods.log",
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    params:
        code=code("describe_methods.py"),
        models={n: STUDY.model(n).model_dump(mode="json") for n in NEURONS},
        study=STUDY.model_dump(mode="json"),
    script:
        "../scripts/describe_methods.py"


localrules:
    describe_methods,
