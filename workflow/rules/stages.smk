# What a user asks for by name: snakemake --cores 2 --configfile config/demo.yaml -- training
# All tables and pages that a stage is for, so that a deleted one is made again.
DATA_RESULTS += map(str, rules.data_statistics.output)
TRAIN_RESULTS += map(str, rules.summarise.output)
CLAIM_RESULTS = [*rules.judge_claims.output, *rules.judge_ntk_claims.output]
REPORT_RESULTS = [*rules.ntk_page.output, *rules.study_page.output]
if STUDY.search:
    SEARCH_RESULTS += map(str, rules.search_tables.output)


rule data:
    """Spikes of the source, split, with their statistics and a figure."""
    input:
        DATA_RESULTS,
        figure_files("data"),


rule search:
    """The hyperparameters of each neuron model, with what the search has cost."""
    input:
        SEARCH_RESULTS,
        figure_files("search"),


rule training:
    """Networks with every seed, their accuracies on test data, spikes and measures."""
    input:
        TRAIN_RESULTS,
        NETWORK_RESULTS,
        figure_files("training"),


rule landscapes:
    """Loss and gradient around the networks: lines, planes, jumps, minima."""
    input:
        LANDSCAPE_RESULTS,
        figure_files("landscape"),


rule variants:
    """Networks trained with something changed: what each change does."""
    input:
        VARIANT_RESULTS,
        figure_files("variants"),


rule ntk:
    """Networks beside their surrogate-gradient kernels; needs no spikes."""
    input:
        figure_files("ntk"),


rule figures:
    """The papers' composed figures, and what they need."""
    input:
        figure_files("paper"),


rule claims:
    """Every statement of the abstracts, judged."""
    input:
        CLAIM_RESULTS,


PLACES = {
    "answer": f"{RESULTS}/index.html",
    "accuracies": f"{TRAINING}/summary.csv",
    "costs": f"{RESULTS}/estimate.csv",
    "figures": f"{RESULTS}/figures",
}


onsuccess:
    logger.info("\nDone. Where to look:")
    places = made(PLACES)
    for what, place in {**places, "all tables and figures": RESULTS}.items():
        logger.info(f"  {what:22}  {place}")
    if "answer" in places:
        files = " ".join(map(os.path.relpath, workflow.overwrite_configfiles))
        given = f"--configfile {files} " * bool(files)
        logger.info(
            f"  {'one page of all':22}  snakemake --cores 1 {given}-- whole_report"
        )


onerror:
    logger.error(
        "\nNot finished. What is done is kept: repair what the lines above say, and start the same"
        f" command again; it goes on from there. Logs are in {LOGS}/."
    )
