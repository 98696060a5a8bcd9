"""Suggest a generation of trials from the records of all earlier ones."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import Sampling
from spikegrad.search.records import read_records, write_trials
from spikegrad.search.sampling import suggest
from spikegrad.search.seeds import repeat_seed

log = start(snakemake)
trials = suggest(
    validate(Sampling, snakemake.params.sampling),
    snakemake.params.epochs,
    repeat_seed(snakemake.params.seed, int(snakemake.wildcards.repeat)),
    snakemake.params.n_trials,
    int(snakemake.wildcards.generation),
    read_records(snakemake.input.get("records", [])),
)
write_trials(snakemake.output.trials, trials)
