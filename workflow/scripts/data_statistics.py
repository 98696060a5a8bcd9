"""Describe the prepared data: a row per sample, profiles, examples, a summary."""

from _job import start
from study.data.statistics import describe, examples, parts_of_folds, summarise
from study.storage.tables import write_table

start(snakemake)
events, splits = snakemake.input.events, snakemake.input.splits
samples, profiles = describe(events, splits[0])
tables = {"samples": samples, "profiles": profiles, "examples": examples(events, splits[0])}
for name, table in tables.items():
    write_table(table, snakemake.output[name])
write_table(summarise(samples).reset_index(), snakemake.output.summary, digits=6)
write_table(
    parts_of_folds(dict(zip(snakemake.params.folds, splits, strict=True))), snakemake.output.folds
)
