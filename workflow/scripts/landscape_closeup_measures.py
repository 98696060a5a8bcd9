"""How rough the close-ups of each network are."""

from _job import start
from study.landscape.closeups import closeup_measures
from study.storage.tables import read_table, write_table

start(snakemake)
planes = read_table(snakemake.input.closeups)
write_table(closeup_measures(planes), snakemake.output.measures)
