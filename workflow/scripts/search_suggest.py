"""Suggest a generation of trials from the records of all earlier ones."""

from _job import start
from spikegrad.settings import validate
from study.config.search import Halving, Sampling, search_seed
from study.search.records import read_search, write_trials
from study.search.sampling import suggest

log = start(snakemake)
halving = validate(Halving, snakemake.params.trials)
trials = suggest(
    validate(Sampling, snakemake.params.sampling),
    halving.epochs,
    search_seed(snakemake.params.seed, int(snakemake.wildcards.repeat)),
    halving.per_generation,
    int(snakemake.wildcards.generation),
    read_search(snakemake.input.get("records", []), halving),
)
write_trials(snakemake.output.trials, trials)
