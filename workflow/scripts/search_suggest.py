"""Suggest a generation of trials from the records of all earlier ones."""

from _job import start
from spikegrad.settings import validate
from study.config.search import Halving, Sampling, repeat_seed
from study.search.halving import read_search
from study.search.records import write_trials
from study.search.sampling import suggest

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
