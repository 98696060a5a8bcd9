"""Suggest a generation of trials from the records of all earlier ones, as many as are paid."""

from _job import start
from spikegrad.settings import validate
from study.config.search import Halving, Sampling, search_seed
from study.search.budget import epoch_samples, next_trials
from study.search.records import read_search, write_trials
from study.search.sampling import suggest

log = start(snakemake)
params, generation = snakemake.params, int(snakemake.wildcards.generation)
halving = validate(Halving, params.trials)
records = read_search(snakemake.input.get("records", []), halving)
samples = epoch_samples(snakemake.input.split, params.samples)
n_trials = next_trials(halving, params.budget, samples, records)
log.info("generation %d has %d trials", generation, n_trials)
trials = suggest(
    validate(Sampling, params.sampling),
    halving.epochs,
    search_seed(params.seed, int(snakemake.wildcards.repeat)),
    n_trials,
    generation,
    records,
)
write_trials(snakemake.output.trials, trials)
