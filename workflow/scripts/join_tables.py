"""Join the tables of several jobs into one."""

from _job import start
from spikegrad.storage.tables import read_table, write_table

log = start(snakemake)
for name, output in snakemake.output.items():
    write_table(read_table(*snakemake.input[name]), output)
