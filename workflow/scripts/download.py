"""Download and verify one file of the Heidelberg spiking data sets."""

import json

from _job import start
from spikegrad.settings import validate
from study.config.data import Download
from study.data.download import fetch

log = start(snakemake)
fetch(
    snakemake.params.source,
    snakemake.wildcards.split,
    validate(Download, json.loads(snakemake.resources.origin)),
    snakemake.output.spikes,
)
