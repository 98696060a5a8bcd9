"""Search for data on which gradient flow with the SG-NTK diverges, and train networks on them."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.ntk import NTKProblem, StabilityConfig
from spikegrad.ntk.instability import drift, search
from spikegrad.storage.files import atomic

log = start(snakemake)
settings = validate(NTKProblem, snakemake.params.problem)
setup = validate(StabilityConfig, snakemake.params.stability)
cases, points = search(settings, setup)
log.info("least stable data:\n%s", cases.to_string())
for table, path in ((cases, snakemake.output.cases), (points, snakemake.output.points)):
    with atomic(path) as file:
        table.to_csv(file, index=False)
with atomic(snakemake.output.drift) as file:
    drift(settings, setup, cases, points).to_parquet(file)
