"""Train networks of one width on few samples, beside the descent of their first kernel."""

from _job import start
from spikegrad.network_settings import NetworkSettings
from spikegrad.settings import part, validate
from study.config.joining import Joining
from study.data.dataset import load
from study.joining.growing import growing
from study.storage.tables import write_table

start(snakemake)
given, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
table = growing(
    validate(NetworkSettings, params.network),
    wildcards.neuron,
    int(wildcards.width),
    params.least,
    load(given.events, given.split, "train"),
    part(Joining, params.joining),
    params.seed,
)
write_table(table, snakemake.output.table)
