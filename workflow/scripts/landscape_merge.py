"""Join the jobs' lines, planes and states into one table each."""

from _job import start
from spikegrad.storage.tables import read_table, write_table

log = start(snakemake)
keys = ["neuron", "seed", "state", "direction", "direction2", "x", "y"]
for name in ("lines", "planes"):
    table = read_table(*snakemake.input[name])
    ordered = table.sort_values([key for key in keys if key in table], ignore_index=True)
    write_table(ordered, snakemake.output[name])
write_table(read_table(*snakemake.input.states), snakemake.output.states)
