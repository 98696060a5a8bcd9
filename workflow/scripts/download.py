"""Download and verify one file of the Heidelberg spiking data sets."""

from _job import start
from study.data.download import fetch_published

start(snakemake)
fetch_published(
    snakemake.params.source,
    snakemake.wildcards.split,
    snakemake.resources.folder or None,
    snakemake.output.spikes,
)
