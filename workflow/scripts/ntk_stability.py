"""Search for data on which gradient flow with the SG-NTK diverges, and train networks on them."""

from _job import start
from spikegrad.settings import validate
from study.config.ntk import StabilityConfig
from study.ntk.instability import drift, search
from study.storage.tables import write_table

log = start(snakemake)
setup = validate(StabilityConfig, snakemake.params.stability)
cases, points = search(setup)
log.info("least stable data:\n%s", cases.to_string())
for table, path in ((cases, snakemake.output.cases), (points, snakemake.output.points)):
    write_table(table, path)
write_table(drift(setup.drift, cases, points), snakemake.output.drift)
