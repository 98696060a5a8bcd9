# Where the papers meet: exact and surrogate gradients, and kernels, of spiking networks.
JOINING = f"{RESULTS}/joining"
JOINED = ["agreement", "steps", "spectra"]
MEASURED = [*JOINED, "eigenvalues"]
JOINING_RESULTS = []

if STUDY.joining:
    JOINING_RESULTS = [f"{JOINING}/claims.csv", f"{JOINING}/joining.html"]

    rule joining_measure:
        input:
            events=rules.prepare.output.events,
            split=split_of,
            engine=rules.compile_engine.output.done,
            checkpoint=rules.train.output.checkpoint,
            snapshots=rules.train.output.snapshots,
        output:
            **{
                name: f"{JOINING}/networks/{{neuron}}/{{seed}}.{name}.parquet"
                for name in MEASURED
            },
        log:
            f"{LOGS}/joining/networks/{{neuron}}/{{seed}}.log",
        benchmark:
            f"{BENCHMARKS}/joining/networks/{{neuron}}/{{seed}}.tsv"
        resources:
            **needs(4000, "joining_measure"),
        params:
            joining=STUDY.joining.model_dump(mode="json", exclude={"seeds", "growing"}),
        script:
            "../scripts/joining_measure.py"

    rule joining_growing:
        input:
            events=rules.prepare.output.events,
            split=split_of_search(0),
            engine=rules.compile_engine.output.done,
        output:
            table=f"{JOINING}/growing/{{neuron}}/{{width}}.parquet",
        log:
            f"{LOGS}/joining/growing/{{neuron}}/{{width}}.log",
        benchmark:
            f"{BENCHMARKS}/joining/growing/{{neuron}}/{{width}}.tsv"
        resources:
            **needs(6000, "joining_growing"),
        params:
            network=lambda w: STUDY.model(w.neuron).network.model_dump(mode="json"),
            # Of all widths and surrogates what each job uses: another width repeats no other.
            joining=STUDY.joining.model_dump(
                mode="json",
                include={"growing": True, "step": True, "surrogates": {0}},
                exclude={"growing": {"widths"}},
            ),
            least=min(STUDY.joining.growing.widths) if STUDY.joining.growing else None,
            seed=STUDY.seeds[0],
        script:
            "../scripts/joining_growing.py"

    GROWING = (
        expand(
            rules.joining_growing.output.table,
            neuron=EXACT,
            width=STUDY.joining.growing.widths,
        )
        if STUDY.joining.growing
        else []
    )

    use rule join_variant as join_joining with:
        input:
            **{
                name: expand(
                    rules.joining_measure.output[name],
                    neuron=EXACT,
                    seed=STUDY.joining.seeds,
                )
                for name in MEASURED
            },
        output:
            **{name: f"{JOINING}/{name}.csv" for name in JOINED},
            eigenvalues=f"{JOINING}/eigenvalues.parquet",
        log:
            f"{LOGS}/joining/join.log",

    figure(
        "joining",
        "joining_steps",
        "what the kernel misses of a step",
        {"steps": rules.join_joining.output.steps},
    )
    figure(
        "joining",
        "joining_agreement",
        "surrogate beside exact gradients",
        {"agreement": rules.join_joining.output.agreement},
    )
    figure(
        "joining",
        "joining_spectra",
        "eigenvalues of the SG-NTK",
        pick(rules.join_joining.output, "spectra", "eigenvalues", "agreement"),
    )
    if set(NEURONS) != set(EXACT):
        figure(
            "joining",
            "joining_accuracy",
            "accuracy of both rules",
            {"runs": rules.summarise.output.runs},
        )
    if GROWING:

        use rule join_variant as join_growing with:
            input:
                growing=GROWING,
            output:
                growing=f"{JOINING}/growing.csv",
            log:
                f"{LOGS}/joining/join_growing.log",

        rule joining_powers:
            input:
                growing=rules.join_growing.output.growing,
            output:
                powers=f"{JOINING}/growing_powers.csv",
            log:
                f"{LOGS}/joining/powers.log",
            localrule: True
            script:
                "../scripts/joining_powers.py"

        figure(
            "joining",
            "joining_growing",
            "do wide networks learn as their kernels do",
            {
                "growing": rules.join_growing.output.growing,
                "powers": rules.joining_powers.output.powers,
            },
        )
