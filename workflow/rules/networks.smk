# Measures of the study's own networks, of each search the one of its first seed.
NETWORKS = f"{RESULTS}/networks"
MEASURES = [name for name in ("roughness", "robustness") if name in STUDY.measures]
NETWORK_RESULTS = [
    *each_search(f"{NETWORKS}/{{neuron}}_{{repeat}}.safetensors"),
    *[f"{NETWORKS}/{name}.csv" for name in MEASURES],
]


# Seeds run backwards, so that the first of each search stays.
FIRST_SEEDS = {search: seed for seed, search in reversed(SEED_SEARCHES.items())}


rule first_networks:
    input:
        checkpoint=lambda w: rules.train.output.checkpoint.format(
            neuron=w.neuron, seed=FIRST_SEEDS[int(w.repeat)]
        ),
    output:
        network=f"{NETWORKS}/{{neuron}}_{{repeat}}.safetensors",
    log:
        f"{LOGS}/networks/{{neuron}}_{{repeat}}.log",
    localrule: True
    script:
        "../scripts/first_networks.py"


if MEASURES:

    rule measure_network:
        input:
            events=rules.prepare.output.events,
            split=split_of,
            network=rules.first_networks.output.network,
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
            **needs(4000, 1440),
        params:
            measures=MEASURES,
            landscape=roughness_settings(MEASURES),
        script:
            "../scripts/measure_network.py"

    use rule join_silence as join_networks with:
        input:
            **{
                name: each_search(rules.measure_network.output[name])
                for name in MEASURES
            },
        output:
            **{name: f"{NETWORKS}/{name}.csv" for name in MEASURES},
        log:
            f"{LOGS}/networks/join.log",
