# Measures of the study's own networks, of each search the one that is best by validation.
NETWORKS = f"{RESULTS}/networks"
MEASURES = [name for name in ("roughness", "robustness") if name in STUDY.measures]
NETWORK_RESULTS = [
    *each_search(f"{NETWORKS}/{{neuron}}_{{repeat}}.safetensors"),
    *[f"{NETWORKS}/{name}.csv" for name in MEASURES],
]


rule best_networks:
    input:
        runs=rules.evaluate.output.runs,
        checkpoints=each_seed(rules.train.output.checkpoint),
    output:
        networks=expand(
            f"{NETWORKS}/{{{{neuron}}}}_{{repeat}}.safetensors",
            repeat=range(N_SEARCHES),
        ),
    log:
        f"{LOGS}/networks/{{neuron}}.log",
    localrule: True
    params:
        searches=SEED_SEARCHES,
    script:
        "../scripts/best_networks.py"


if MEASURES:

    rule measure_network:
        input:
            events=rules.prepare.output.events,
            network=f"{NETWORKS}/{{neuron}}_{{repeat}}.safetensors",
        output:
            **{
                name: f"{NETWORKS}/{{neuron}}_{{repeat}}.{name}.parquet"
                for name in MEASURES
            },
        log:
            f"{LOGS}/networks/{{neuron}}/{{repeat}}.log",
        benchmark:
            f"{BENCHMARKS}/networks/{{neuron}}/{{repeat}}.tsv"
        resources:
            **needs(4000, "measure_network"),
        params:
            measures=MEASURES,
            landscape=roughness_settings(MEASURES),
        script:
            "../scripts/measure_network.py"

    use rule landscape_states as join_networks with:
        input:
            **{
                name: each_search(rules.measure_network.output[name])
                for name in MEASURES
            },
        output:
            **{name: f"{NETWORKS}/{name}.csv" for name in MEASURES},
        log:
            f"{LOGS}/networks/join.log",
