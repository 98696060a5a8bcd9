# Tables and figures, as study.parts declares them: one rule for the work of many jobs, one for that
# of a moment, one for figures.
MEASURES = [folder for folder, part in PARTS.items() if part.limits]


# Directions of all neuron models together: the state of equal loss is one of each.
rule landscape_directions:
    input:
        events=rules.prepare.output.events,
        split=lambda w: at(split_of_seed(STUDY, int(w.seed))),
        checkpoints=lambda w: networks_of(w.seed, "trained.safetensors"),
        snapshots=lambda w: networks_of(w.seed, "snapshots.safetensors"),
        active_checkpoints=lambda w: networks_of(
            w.seed, "trained.safetensors", "landscape/equal_activity"
        ),
        active_snapshots=lambda w: networks_of(
            w.seed, "snapshots.safetensors", "landscape/equal_activity"
        ),
        other_checkpoints=lambda w: networks_of(
            STUDY.next_seed(int(w.seed)), "trained.safetensors"
        ),
        other_snapshots=lambda w: networks_of(
            STUDY.next_seed(int(w.seed)), "snapshots.safetensors"
        ),
    output:
        directions=[
            at(f"landscape/directions/{neuron}/{{seed}}.safetensors")
            for neuron in STUDY.neurons
        ],
        states=at("landscape/directions/{seed}.parquet"),
    log:
        f"{LOGS}/landscape/directions/{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/landscape/directions/{{seed}}.tsv"
    wildcard_constraints:
        seed=r"\d+",
    resources:
        **needs(4000, 1440),
    params:
        landscape=STUDY.landscape.model_dump(mode="json", include={"samples"}),
    script:
        "../scripts/landscape_directions.py"


rule measure:
    """Tables that take a while: what single networks do, and landscapes around them; kernels."""
    input:
        lambda w: all_at(sources(part_of(w).inputs, PARTS)),
    output:
        directory(at("{part}")),
    log:
        f"{LOGS}/{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/{{part}}.tsv"
    wildcard_constraints:
        part=any_of(MEASURES),
    resources:
        **needs(lambda w: part_of(w).limits[0], lambda w: part_of(w).limits[1]),
    params:
        part=lambda w: given(part_of(w)),
        modules=lambda w: modules_of(part_of(w).functions),
        code=lambda w: code("make_tables.py", part_of(w).functions),
    script:
        "../scripts/make_tables.py"


rule table:
    """Tables that are joined or summed up in a moment, where snakemake runs."""
    input:
        lambda w: all_at(sources(part_of(w).inputs, PARTS)),
    output:
        directory(at("{part}")),
    log:
        f"{LOGS}/{{part}}.log",
    wildcard_constraints:
        part=any_of(PARTS.keys() - set(MEASURES)),
    localrule: True
    params:
        part=lambda w: given(part_of(w)),
        modules=lambda w: modules_of(part_of(w).functions),
        code=lambda w: code("make_tables.py", part_of(w).functions),
    script:
        "../scripts/make_tables.py"


rule figure:
    """A figure, drawn from tables."""
    input:
        lambda w: all_at(sources(picture_of(w).inputs, PARTS)),
    output:
        at("{picture}.png"),
        at("{picture}.pdf"),
    log:
        f"{LOGS}/{{picture}}.log",
    wildcard_constraints:
        picture=any_of(file for file, own in PICTURES.items() if "png" in own.formats),
    localrule: True
    params:
        picture=lambda w: given(picture_of(w)),
        modules=lambda w: modules_of(picture_of(w).functions),
        code=lambda w: code("draw_figure.py", picture_of(w).functions),
    script:
        "../scripts/draw_figure.py"


use rule figure as figure_to_turn with:
    output:
        at("{picture}.html"),
    wildcard_constraints:
        picture=any_of(file for file, own in PICTURES.items() if "html" in own.formats),
