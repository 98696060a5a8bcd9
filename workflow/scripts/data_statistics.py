"""Describe the prepared data: a row per sample, profiles over channels and time, a summary."""

from _job import start
from spikegrad.data.statistics import describe, summarise
from spikegrad.files import atomic

log = start(snakemake)
samples, profiles = describe(snakemake.input.events)
for table, path in ((samples, snakemake.output.samples), (profiles, snakemake.output.profiles)):
    with atomic(path) as part:
        table.to_parquet(part, index=False)
with atomic(snakemake.output.summary) as part:
    summarise(samples).to_csv(part, float_format="%.6g")
