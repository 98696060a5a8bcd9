"""Describe the prepared data: a row per sample, profiles, examples, a summary."""

from _job import start
from study.data.statistics import describe, examples, summarise
from study.storage.tables import write_table

log = start(snakemake)
samples, profiles = describe(snakemake.input.events)
tables = {"samples": samples, "profiles": profiles, "examples": examples(snakemake.input.events)}
for name, table in tables.items():
    write_table(table, snakemake.output[name])
write_table(summarise(samples).reset_index(), snakemake.output.summary, digits=6)
