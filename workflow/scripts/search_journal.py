"""Export the searches to Optuna's journal format, for optuna-dashboard."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import Halving, Sampling
from spikegrad.search.halving import read_search
from spikegrad.search.sampling import export_journal
from spikegrad.storage.files import atomic

log = start(snakemake)
params = snakemake.params
space, trials = validate(Sampling, params.sampling).space, validate(Halving, params.trials)
studies = {
    f"{params.data}, {search}": read_search(snakemake.input[search], trials)
    for search in params.searches
}
with atomic(snakemake.output.journal) as file:
    export_journal(str(file), space, trials.epochs, studies)
