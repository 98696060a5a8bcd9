"""Join the tables of several jobs into one, sorted by those keys that it has."""

from _job import start
from study.storage.tables import read_table, write_table

start(snakemake)
for name, output in snakemake.output.items():
    table = read_table(*snakemake.input[name])
    if keys := [key for key in snakemake.params.sorted_by if key in table]:
        table = table.sort_values(keys, ignore_index=True)
        table = table[[*keys, *table.columns.drop(keys)]]
    write_table(table, output)
