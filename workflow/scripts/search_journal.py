"""Export the searches to Optuna's journal format, for optuna-dashboard."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import Sampling
from spikegrad.files import atomic
from spikegrad.search.records import read_records
from spikegrad.search.sampling import export_journal

log = start(snakemake)
space = validate(Sampling, snakemake.params.sampling).space
with atomic(snakemake.output.journal) as file:
    studies = {
        f"{snakemake.params.data}, {neuron}": (space, read_records(snakemake.input[neuron]))
        for neuron in snakemake.params.neurons
    }
    export_journal(str(file), studies)
