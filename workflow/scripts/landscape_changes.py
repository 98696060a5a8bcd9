"""Join the census of all jobs, and sum it up for each network."""

from _job import start
from spikegrad.landscape.summary import census_summary
from spikegrad.storage.tables import read_table, write_table

log = start(snakemake)
keys = ["neuron", "seed", "state", "direction", "sample", "search"]
tables = {}
for name in ("changes", "lines", "losses"):
    table = read_table(*snakemake.input[name])
    order = [*keys, *(["x"] if "x" in table else [])]
    tables[name] = table.sort_values(order, ignore_index=True)
    write_table(tables[name], snakemake.output[name])
write_table(census_summary(tables["changes"], tables["lines"]), snakemake.output.summary)
