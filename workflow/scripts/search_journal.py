"""Export the searches to Optuna's journal format, for optuna-dashboard."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import Sampling
from spikegrad.search.records import read_records
from spikegrad.search.sampling import export_journal
from spikegrad.storage.files import atomic

log = start(snakemake)
params = snakemake.params
space = validate(Sampling, params.sampling).space
studies = {
    f"{params.data}, {search}": read_records(snakemake.input[search]) for search in params.searches
}
with atomic(snakemake.output.journal) as file:
    export_journal(str(file), space, params.epochs, studies)
