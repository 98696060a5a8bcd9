"""Sum up the census, and measures of the landscapes of each network in one table."""

from _job import start
from study.landscape.summary import census_summary, measures
from study.storage.tables import read_table, write_table

log = start(snakemake)
tables = {name: read_table(file) for name, file in snakemake.input.items()}
census = census_summary(tables.pop("changes"), tables.pop("census_lines"))
write_table(census, snakemake.output.census)
table = measures(census=census, **tables)
table["search"] = table["seed"].map(snakemake.params.searches)
write_table(table, snakemake.output.table, digits=6)
