"""Join what the jobs found of profiles and of steps into one table each."""

from _job import start
from spikegrad.storage.tables import read_table, write_table

log = start(snakemake)
keys = ("neuron", "seed", "state", "direction", "sample", "depth", "epoch", "batch", "t")
for name, output in snakemake.output.items():
    table = read_table(*snakemake.input[name])
    order = [key for key in keys if key in table]
    table = table.sort_values(order, ignore_index=True)
    write_table(table[[*order, *(column for column in table if column not in order)]], output)
