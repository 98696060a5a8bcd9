"""Turn the spike files of any source into one file of events."""

from _job import start
from spikegrad.settings import validate
from study.config.data import DataConfig
from study.data.prepare import prepare

start(snakemake)
prepare(
    snakemake.params.name,
    validate(DataConfig, snakemake.params.data),
    dict(snakemake.input.items()),
    snakemake.output.events,
)
