"""Measures of the landscapes of each network, in one table."""

from _job import start
from spikegrad.landscape.measures import measures
from spikegrad.storage.tables import read_table, write_table

log = start(snakemake)
table = measures(**{name: read_table(file) for name, file in snakemake.input.items()})
table["search"] = table["seed"].map(snakemake.params.searches)
write_table(table, snakemake.output.table, digits=6)
