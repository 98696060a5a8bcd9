"""Collect the scores of all runs, and their means over searches with t intervals."""

from _job import start
from spikegrad.storage.tables import read_table, write_table
from spikegrad.training.summary import SCORES, summary

log = start(snakemake)
runs = read_table(*snakemake.input.runs)
runs.insert(2, "search", runs["seed"].map(snakemake.params.searches))
write_table(runs, snakemake.output.runs)
write_table(summary(runs, SCORES), snakemake.output.summary, digits=5)
