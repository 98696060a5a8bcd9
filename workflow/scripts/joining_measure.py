"""Compare exact and surrogate gradients, and kernels, of one training run's networks."""

from _job import start
from spikegrad.settings import validate
from study.config.joining import Joining
from study.data.dataset import load
from study.joining.gradients import measure
from study.storage.tables import write_table

start(snakemake)
given = snakemake.input
options = validate(Joining, snakemake.params.joining)
data = load(given.events, given.split, "train")
for name, table in measure(given.checkpoint, given.snapshots, data, options).items():
    write_table(table, snakemake.output[name])
