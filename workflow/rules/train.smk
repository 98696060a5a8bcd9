# Networks: the study's own, those of equal activity, and those of variants; study.parts names them.
wildcard_constraints:
    neuron=any_of(STUDY.neurons),
    network=any_of(TRAININGS),


rule compile_engine:
    output:
        done=at("engine/{neuron}.compiled"),
    log:
        f"{LOGS}/training/{{neuron}}/compile_engine.log",
    benchmark:
        f"{BENCHMARKS}/training/{{neuron}}/compile_engine.tsv"
    resources:
        **needs(1500, 60),
    params:
        kinds=lambda w: STUDY.kinds(w.neuron),
    script:
        "../scripts/compile_engine.py"


# What a variant needs beside the engine that the study's own networks compile, it compiles itself.
rule train:
    input:
        events=rules.prepare.output.events,
        split=lambda w: at(TRAININGS[w.network].split),
        engine=lambda w: at(f"engine/{TRAININGS[w.network].neuron}.compiled"),
        winner=lambda w: all_at(TRAININGS[w.network].winners),
    output:
        checkpoint=at("{network}/trained.safetensors"),
        snapshots=at("{network}/snapshots.safetensors"),
        history=at("{network}/history.parquet"),
        outcome=at("{network}/outcome.json"),
    log:
        f"{LOGS}/{{network}}.log",
    benchmark:
        f"{BENCHMARKS}/{{network}}.tsv"
    resources:
        **needs(4000, 1440),
    params:
        training=lambda w: vars(TRAININGS[w.network]),
    script:
        "../scripts/train.py"
