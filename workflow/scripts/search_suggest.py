"""Suggest a generation of trials from the records of all earlier ones."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import Halving, Sampling
from spikegrad.search.halving import read_search
from spikegrad.search.records import write_trials
from spikegrad.search.sampling import suggest
from spikegrad.search.seeds import repeat_seed

log = start(snakemake)
options = validate(Halving, snakemake.params.trials)
trials = suggest(
    validate(Sampling, snakemake.params.sampling),
    options.epochs,
    repeat_seed(snakemake.params.seed, int(snakemake.wildcards.repeat)),
    options.per_generation,
    int(snakemake.wildcards.generation),
    read_search(snakemake.input.get("records", []), options),
)
write_trials(snakemake.output.trials, trials)
