# What a user asks for by name: snakemake --cores 2 --configfile config/demo.yaml -- training
rule data:
    """Spikes of the source, split, with their statistics and a figure."""
    input:
        rules.prepare.output.events,
        stage("data"),


rule search:
    """The hyperparameters of each neuron model, with what the search has cost."""
    input:
        stage("search"),


rule training:
    """Networks with every seed, their accuracies on test data, spikes and measures."""
    input:
        all_at(run_files(STUDY, "trained.safetensors")),
        stage("training", "networks"),


rule landscapes:
    """Loss and gradient around the networks: lines, planes, jumps, minima."""
    input:
        stage("landscape"),


rule variants:
    """Networks trained with something changed: what each change does."""
    input:
        stage("variants"),


rule ntk:
    """Networks beside their surrogate-gradient kernels; needs no spikes."""
    input:
        stage("ntk"),


rule figures:
    """The papers' composed figures, and what they need."""
    input:
        stage("figures"),


rule claims:
    """Every statement of the abstracts, judged."""
    input:
        rules.judge_claims.output,
        rules.judge_ntk_claims.output,


PLACES = {
    "answer": at("index.html"),
    "accuracies": at("training/scores/summary.csv"),
    "costs": at("estimate.csv"),
    "figures": at("figures"),
}


onsuccess:
    logger.info("\nDone. Where to look:")
    places = newest(PLACES, STARTED)
    for what, place in {**places, "all tables and figures": RESULTS}.items():
        logger.info(f"  {what:22}  {place}")
    if "answer" in places:
        files = " ".join(map(os.path.relpath, workflow.overwrite_configfiles))
        options = f"--configfile {files} " * bool(files)
        logger.info(
            f"  {'one page of all':22}  snakemake --cores 1 {options}-- whole_report"
        )


onerror:
    logger.error(
        "\nNot finished. What is done is kept: repair what the lines above say, and start the same"
        f" command again; it goes on from there. Logs are in {LOGS}/."
    )
