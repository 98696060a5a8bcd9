"""Turn the spike files of any source into one file of events, split for training."""

from _job import start
from spikegrad.settings import validate
from study.config.data import DataConfig
from study.data.prepare import prepare

log = start(snakemake)
prepare(
    snakemake.params.name,
    validate(DataConfig, snakemake.params.data),
    snakemake.input.train,
    snakemake.input.get("test"),
    snakemake.output.events,
    snakemake.input.get("validation"),
)
