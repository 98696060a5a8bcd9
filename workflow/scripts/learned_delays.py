"""Collect the delays of all final networks before training and after it."""

from _job import start
from study.storage.tables import write_table
from study.training.delays import delays

start(snakemake)
runs = zip(snakemake.params.runs, snakemake.input.snapshots, strict=True)
write_table(delays((neuron, seed, file) for (neuron, seed), file in runs), snakemake.output.delays)
