"""Suggest a generation of trials, as many as the budget pays; if it pays none, of finalists."""

from _job import start
from spikegrad.settings import validate
from study.config.search import Halving, Sampling, search_seed
from study.search.budget import epoch_samples, next_trials
from study.search.sampling import suggest
from study.search.selection import candidates
from study.search.trial_records import Generation, read_search, write_generation

log = start(snakemake)
params, generation = snakemake.params, int(snakemake.wildcards.generation)
halving = validate(Halving, params.trials)
records = read_search(snakemake.input.get("records", []), halving)
samples = epoch_samples(snakemake.input.split, params.samples, params.inner)
n_trials = 0 if params.ends else next_trials(halving, params.budget, samples, records)
if n_trials:
    log.info("generation %d has %d trials", generation, n_trials)
    trials = suggest(
        validate(Sampling, params.sampling),
        halving.epochs,
        search_seed(int(snakemake.wildcards.repeat)),
        n_trials,
        generation,
        records,
        params.inner,
    )
else:
    trials = candidates(records)
    log.info("the search ends after %d trials, finalists are among %d", len(records), len(trials))
write_generation(snakemake.output.trials, Generation(tuple(trials), final=not n_trials))
