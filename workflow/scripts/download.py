"""Download and verify one file of the Heidelberg spiking data sets."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.data import Download
from spikegrad.data.download import fetch

log = start(snakemake)
fetch(
    snakemake.params.source,
    snakemake.wildcards.split,
    validate(Download, snakemake.params.download),
    snakemake.output.spikes,
)
