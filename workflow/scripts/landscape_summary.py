"""Minima of lines and planes by depth, what the census says, and measures of each network."""

from _job import start
from study.landscape.fragmentation import line_minima, plane_minima
from study.landscape.summary import census_summary, measures
from study.storage.tables import read_table, write_table

start(snakemake)
output = snakemake.output
tables = {name: read_table(file) for name, file in snakemake.input.items()}
lines = line_minima(tables.pop("lines"))
census = census_summary(tables.pop("changes"), tables.pop("census_lines"))
write_table(lines, output.lines)
write_table(plane_minima(tables.pop("planes")), output.planes)
write_table(census, output.census)
table = measures(line_minima=lines, census=census, **tables)
table["fold"] = table["seed"].map(snakemake.params.folds)
table["search"] = table["seed"].map(snakemake.params.searches)
write_table(table, output.table, digits=6)
