"""Merge the voices' spikes into a training and a test file in SHD's layout."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.data import SpokenDigits
from spikegrad.data.spoken_digits import assemble

log = start(snakemake)
assemble(
    validate(SpokenDigits, snakemake.params.spoken_digits),
    snakemake.params.n_units,
    snakemake.params.duration,
    snakemake.input.voices,
    snakemake.output.train,
    snakemake.output.test,
)
