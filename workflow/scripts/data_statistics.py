"""Describe the prepared data: a row per sample, profiles, examples, a summary."""

from _job import start
from spikegrad.data.statistics import describe, examples, summarise
from spikegrad.storage.files import atomic

log = start(snakemake)
samples, profiles = describe(snakemake.input.events)
tables = {"samples": samples, "profiles": profiles, "examples": examples(snakemake.input.events)}
for name, table in tables.items():
    with atomic(snakemake.output[name]) as part:
        table.to_parquet(part, index=False)
with atomic(snakemake.output.summary) as part:
    summarise(samples).to_csv(part, float_format="%.6g")
