"""Put the statistics of the prepared data beside what is published of SHD."""

from _job import start
from study.data.shd import compare
from study.storage.tables import read_table, write_table

start(snakemake)
table = compare(read_table(snakemake.input.samples), snakemake.params.merged)
write_table(table, snakemake.output.table, digits=5)
