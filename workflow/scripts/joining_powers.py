"""Fit the powers of the width that networks' drift, and distance from their kernels, follow."""

from _job import start
from study.joining.growing import powers
from study.storage.tables import read_table, write_table

start(snakemake)
table = read_table(snakemake.input.growing)
write_table(powers(table), snakemake.output.powers)
