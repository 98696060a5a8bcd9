# From a source of spikes to train.h5 and test.h5 in SHD's layout, then to events.h5.
DATA = f"{RESULTS}/data"
DATA_RESULTS = [f"{DATA}/events.h5", f"{DATA}/summary.csv"]


# The spike files of the chosen source, by split.
if STUDY.data.spikes:
    SPIKE_FILES = STUDY.data.spikes.model_dump()
elif STUDY.data.source == "ssc":
    SPIKE_FILES = {s: f"{DATA}/{s}.h5" for s in ("train", "validation", "test")}
else:
    SPIKE_FILES = {s: f"{DATA}/{s}.h5" for s in ("train", "test")}


# A table of recordings, and one way from their sounds to spikes. Synthetic voices have no files.
if STUDY.data.heard:
    HEARD = STUDY.data.heard
    SOURCE = STUDY.data.source.replace("-", "_")
    TABULATE = f"tabulate_{SOURCE}.py"
    LISTEN = (
        f"listen_{'spoken_digits' if SOURCE == 'spoken_digits' else 'recordings'}.py"
    )
    SOUNDS = []
    if HEARD.archive:
        SOUNDS = HEARD.archive.path or f"{DATA}/{HEARD.archive.urls[0].split('/')[-1]}"
    elif SOURCE == "recordings":
        SOUNDS = HEARD.folder

    if HEARD.archive and HEARD.archive.path is None:

        rule download_archive:
            output:
                archive=SOUNDS,
            log:
                f"{LOGS}/data/download_archive.log",
            localrule: True  # compute nodes may have no network
            conda:
                "../../envs/spikegrad.yaml"
            resources:
                attempts=HEARD.archive.attempts,
            params:
                code=code("download_archive.py"),
                urls=list(HEARD.archive.urls),
            script:
                "../scripts/download_archive.py"

    rule tabulate:
        input:
            sounds=SOUNDS,
            listed=getattr(HEARD, "table", None) or [],
        output:
            table=f"{DATA}/recordings.csv",
        log:
            f"{LOGS}/data/tabulate.log",
        benchmark:
            f"{BENCHMARKS}/tabulate.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        resources:
            mem_mb=growing(1000),
            runtime=within(60),
        params:
            code=code(TABULATE),
            source=HEARD.model_dump(mode="json", exclude={"jobs"}),
            validation=STUDY.data.validation.model_dump(mode="json"),
        script:
            f"../scripts/{TABULATE}"

    rule basilar_membrane:
        output:
            membrane=temp(f"{DATA}/basilar_membrane.npz"),
        log:
            f"{LOGS}/data/basilar_membrane.log",
        benchmark:
            f"{BENCHMARKS}/basilar_membrane.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        resources:
            mem_mb=growing(1500),
            runtime=within(30),
        params:
            code=code("basilar_membrane.py"),
            n_channels=STUDY.data.n_units,
            duration=STUDY.data.duration,
            sample_rate=HEARD.sample_rate,
        script:
            "../scripts/basilar_membrane.py"

    rule listen:
        input:
            table=rules.tabulate.output.table,
            sounds=SOUNDS,
            membrane=rules.basilar_membrane.output.membrane,
        output:
            spikes=temp(f"{DATA}/heard/{{part}}.h5"),
        log:
            f"{LOGS}/data/heard/{{part}}.log",
        benchmark:
            f"{BENCHMARKS}/heard/{{part}}.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        resources:
            mem_mb=growing(2000),
            runtime=minutes("listen"),
        params:
            code=code(LISTEN),
            source=HEARD.model_dump(mode="json") if SOURCE == "spoken_digits" else None,
            n_parts=HEARD.jobs,
            duration=STUDY.data.duration,
            seed=HEARD.seed,
        script:
            f"../scripts/{LISTEN}"

    rule merge_heard:
        input:
            table=rules.tabulate.output.table,
            parts=expand(rules.listen.output.spikes, part=range(HEARD.jobs)),
        output:
            train=f"{DATA}/train.h5",
            test=f"{DATA}/test.h5",
        log:
            f"{LOGS}/data/merge_heard.log",
        benchmark:
            f"{BENCHMARKS}/merge_heard.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        resources:
            mem_mb=growing(1500),
            runtime=within(60),
        params:
            code=code("merge_heard.py"),
            n_units=STUDY.data.n_units,
            duration=STUDY.data.duration,
        script:
            "../scripts/merge_heard.py"


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
        conda:
            "../../envs/spikegrad.yaml"
        resources:
            # Where it comes from is no parameter: it is verified, and another origin repeats nothing.
            origin=getattr(STUDY.data, STUDY.data.source).model_dump_json(),
        params:
            code=code("download.py"),
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
    conda:
        "../../envs/spikegrad.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=within(60),
    params:
        code=code("prepare.py"),
        name=STUDY.dataset,
        data=STUDY.data.model_dump(
            mode="json",
            exclude={
                "shd": True,
                "ssc": True,
                "spoken_digits": True,
                "heidelberg_digits": True,
                "recordings": {"jobs"},
            },
        ),
    script:
        "../scripts/prepare.py"


rule data_statistics:
    input:
        events=rules.prepare.output.events,
    output:
        samples=f"{DATA}/samples.parquet",
        profiles=f"{DATA}/profiles.parquet",
        examples=f"{DATA}/examples.parquet",
        summary=report(
            f"{DATA}/summary.csv", category="Data", labels={"content": "summary"}
        ),
    log:
        f"{LOGS}/data/statistics.log",
    benchmark:
        f"{BENCHMARKS}/data_statistics.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    resources:
        mem_mb=growing(6000),
        runtime=within(60),
    params:
        code=code("data_statistics.py"),
    script:
        "../scripts/data_statistics.py"


figure(
    "data",
    "data",
    "examples and statistics",
    {
        "examples": rules.data_statistics.output.examples,
        "samples": rules.data_statistics.output.samples,
        "profiles": rules.data_statistics.output.profiles,
    },
    n_units=STUDY.data.n_units,
)


if STUDY.data.source == "heidelberg-digits":
    DATA_RESULTS.append(f"{DATA}/shd_comparison.csv")

    rule compare_with_shd:
        input:
            samples=rules.data_statistics.output.samples,
        output:
            table=reported(
                f"{DATA}/shd_comparison.csv",
                "shd_comparison",
                "Data",
                "beside SHD, values",
            ),
        log:
            f"{LOGS}/data/compare_with_shd.log",
        localrule: True
        conda:
            "../../envs/spikegrad.yaml"
        params:
            code=code("compare_with_shd.py"),
        script:
            "../scripts/compare_with_shd.py"

    figure(
        "data",
        "shd_comparison",
        "beside SHD",
        {"samples": rules.data_statistics.output.samples},
    )
