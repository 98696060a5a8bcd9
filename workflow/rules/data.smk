# From a source of spikes to train.h5 and test.h5 in SHD's layout, then to events.h5.
DATA = f"{RESULTS}/data"
DATA_RESULTS = [f"{DATA}/events.h5", f"{DATA}/summary.csv", f"{DATA}/figures/data.png"]


# The spike files of the chosen source, by split.
if STUDY.data.source == "files":
    SPIKE_FILES = STUDY.data.files.model_dump()
elif STUDY.data.source == "ssc":
    SPIKE_FILES = {s: f"{DATA}/{s}.h5" for s in ("train", "validation", "test")}
else:
    SPIKE_FILES = {s: f"{DATA}/{s}.h5" for s in ("train", "test")}


if STUDY.data.source == "spoken-digits":
    DIGITS = STUDY.data.spoken_digits
    VOICES = [*DIGITS.voices, *DIGITS.unseen_voices]

    rule basilar_membrane:
        input:
            code=code("basilar_membrane.py"),
        output:
            transfer=temp(f"{DATA}/basilar_membrane.npy"),
        log:
            f"{LOGS}/data/basilar_membrane.log",
        benchmark:
            f"{BENCHMARKS}/basilar_membrane.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(30),
        params:
            n_channels=STUDY.data.n_units,
            duration=STUDY.data.duration,
        script:
            "../scripts/basilar_membrane.py"

    rule speak_digits:
        input:
            transfer=rules.basilar_membrane.output.transfer,
            code=code("speak_digits.py"),
        output:
            spikes=temp(f"{DATA}/voices/{{voice}}.h5"),
        log:
            f"{LOGS}/data/voices/{{voice}}.log",
        benchmark:
            f"{BENCHMARKS}/voices/{{voice}}.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(120),
        params:
            spoken_digits=DIGITS.model_dump(mode="json"),
            duration=STUDY.data.duration,
        script:
            "../scripts/speak_digits.py"

    rule assemble_digits:
        input:
            voices=expand(rules.speak_digits.output.spikes, voice=VOICES),
            code=code("assemble_digits.py"),
        output:
            train=f"{DATA}/train.h5",
            test=f"{DATA}/test.h5",
        log:
            f"{LOGS}/data/assemble_digits.log",
        benchmark:
            f"{BENCHMARKS}/assemble_digits.tsv"
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(60),
        params:
            spoken_digits=DIGITS.model_dump(mode="json"),
            n_units=STUDY.data.n_units,
            duration=STUDY.data.duration,
        script:
            "../scripts/assemble_digits.py"


if STUDY.data.source in ("shd", "ssc"):

    # A job for each file, so that a failure costs one file; they share nothing on disk.
    rule download:
        input:
            code=code("download.py"),
        output:
            spikes=f"{DATA}/{{split}}.h5",
        log:
            f"{LOGS}/data/download-{{split}}.log",
        wildcard_constraints:
            split="train|validation|test",
        conda:
            "../../envs/spikegrad.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(480),
        params:
            source=STUDY.data.source,
            download=getattr(STUDY.data, STUDY.data.source).model_dump(mode="json"),
        script:
            "../scripts/download.py"


rule prepare:
    input:
        **SPIKE_FILES,
        code=code("prepare.py"),
    output:
        events=f"{DATA}/events.h5",
    log:
        f"{LOGS}/data/prepare.log",
    benchmark:
        f"{BENCHMARKS}/prepare.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        name=STUDY.dataset,
        data=STUDY.data.model_dump(mode="json", exclude={"shd", "ssc", "spoken_digits"}),
    script:
        "../scripts/prepare.py"


rule data_statistics:
    input:
        events=rules.prepare.output.events,
        code=code("data_statistics.py"),
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
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(60),
    script:
        "../scripts/data_statistics.py"


rule plot_data:
    input:
        examples=rules.data_statistics.output.examples,
        samples=rules.data_statistics.output.samples,
        profiles=rules.data_statistics.output.profiles,
        code=code("plot_data.py"),
    output:
        png=report(
            f"{DATA}/figures/data.png",
            caption="../report/data.rst",
            category="Data",
            labels={"content": "examples and statistics"},
        ),
        pdf=f"{DATA}/figures/data.pdf",
    log:
        f"{LOGS}/data/plot_data.log",
    benchmark:
        f"{BENCHMARKS}/plot_data.tsv"
    conda:
        "../../envs/spikegrad.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        data=STUDY.dataset,
        n_units=STUDY.data.n_units,
    script:
        "../scripts/plot_data.py"
