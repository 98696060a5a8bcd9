# From a source of spikes to train.h5 and test.h5 in SHD's layout, then to events.h5, and to the
# parts of its samples in each outer fold.
DATA = f"{RESULTS}/data"
FOLDS = STUDY.data.fold_names
SPLIT = f"{DATA}/{{fold}}/split.parquet"


wildcard_constraints:
    fold="|".join(FOLDS),


# The spike files of the chosen source, by split.
SPLITS = ("train", "test") + ("validation",) * (STUDY.data.source == "ssc")
SPIKE_FILES = {split: f"{DATA}/{split}.h5" for split in SPLITS}
if STUDY.data.spikes:
    SPIKE_FILES = STUDY.data.spikes.model_dump()


# A table of recordings, and one way from their sounds to spikes. Synthetic voices have no files.
if STUDY.data.sounds:
    SOUNDS = STUDY.data.sounds
    FILES = getattr(SOUNDS, "folder", None) or []
    if STUDY.data.source == "heidelberg-digits":
        FILES = STUDY.data.path or f"{DATA}/{Path(SOUNDS.urls[0]).name}"

    if STUDY.data.source == "heidelberg-digits" and STUDY.data.path is None:

        rule download_archive:
            output:
                archive=FILES,
            log:
                f"{LOGS}/data/download_archive.log",
            localrule: True  # compute nodes may have no network
            params:
                urls=list(SOUNDS.urls),
            script:
                "../scripts/download_archive.py"

    rule tabulate:
        input:
            sounds=FILES,
            listed=getattr(SOUNDS, "table", None) or [],
        output:
            table=f"{DATA}/recordings.csv",
        log:
            f"{LOGS}/data/tabulate.log",
        benchmark:
            f"{BENCHMARKS}/tabulate.tsv"
        resources:
            **needs(1000, 60),
        params:
            data=STUDY.data.model_dump(
                mode="json",
                include={"source", STUDY.data.source.replace("-", "_")},
            ),
            found=lambda wildcards: FILES and folder_digest(FILES),
        script:
            "../scripts/tabulate.py"

    rule basilar_membrane:
        output:
            membrane=temp(f"{DATA}/basilar_membrane.npz"),
        log:
            f"{LOGS}/data/basilar_membrane.log",
        benchmark:
            f"{BENCHMARKS}/basilar_membrane.tsv"
        resources:
            **needs(1500, 30),
        params:
            n_channels=STUDY.data.n_units,
            duration=STUDY.data.duration,
            sample_rate=SOUNDS.sample_rate,
        script:
            "../scripts/basilar_membrane.py"

    rule encode:
        input:
            table=rules.tabulate.output.table,
            sounds=FILES,
            membrane=rules.basilar_membrane.output.membrane,
        output:
            spikes=temp(f"{DATA}/encoded/{{part}}.h5"),
        log:
            f"{LOGS}/data/encoded/{{part}}.log",
        benchmark:
            f"{BENCHMARKS}/encoded/{{part}}.tsv"
        resources:
            **needs(2000, 1440),
        params:
            spoken=STUDY.data.source == "spoken-digits",
            n_parts=SOUNDS.jobs,
            duration=STUDY.data.duration,
            found=lambda wildcards: FILES and folder_digest(FILES),
        script:
            "../scripts/encode.py"

    rule merge_encoded:
        input:
            table=rules.tabulate.output.table,
            parts=expand(rules.encode.output.spikes, part=range(SOUNDS.jobs)),
        output:
            train=f"{DATA}/train.h5",
            test=f"{DATA}/test.h5",
        log:
            f"{LOGS}/data/merge_encoded.log",
        benchmark:
            f"{BENCHMARKS}/merge_encoded.tsv"
        resources:
            **needs(1500, 60),
        params:
            n_units=STUDY.data.n_units,
            duration=STUDY.data.duration,
        script:
            "../scripts/merge_encoded.py"


if STUDY.data.source in ("shd", "ssc"):

    # A job for each file, so that a failure costs one file; they share nothing on disk.
    rule download:
        output:
            spikes=f"{DATA}/{{split}}.h5",
        log:
            f"{LOGS}/data/download-{{split}}.log",
        wildcard_constraints:
            split="train|validation|test",
        localrule: True  # compute nodes may have no network
        resources:
            # Where it comes from is no parameter: it is verified, and another origin repeats nothing.
            folder=STUDY.data.path or "",
        params:
            source=STUDY.data.source,
        script:
            "../scripts/download.py"


rule prepare:
    input:
        **SPIKE_FILES,
    output:
        events=f"{DATA}/events.h5",
    log:
        f"{LOGS}/data/prepare.log",
    benchmark:
        f"{BENCHMARKS}/prepare.tsv"
    resources:
        **needs(2000, 60),
    params:
        name=STUDY.dataset,
        data=STUDY.data.model_dump(
            mode="json",
            exclude={
                *("path", "spoken_digits", "heidelberg_digits"),
                *("validation", "folds"),
            },
        ),
    script:
        "../scripts/prepare.py"


rule split:
    input:
        events=rules.prepare.output.events,
    output:
        split=SPLIT,
    log:
        f"{LOGS}/data/{{fold}}/split.log",
    localrule: True
    params:
        validation=STUDY.data.validation.model_dump(mode="json"),
        size=STUDY.data.folds and STUDY.data.folds.size,
        n_folds=STUDY.data.n_folds,
    script:
        "../scripts/split.py"
