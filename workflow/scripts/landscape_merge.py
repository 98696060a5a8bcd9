"""Join the jobs' lines, planes and states into one table each."""

import pandas as pd

from _job import start
from spikegrad.storage.files import atomic

log = start(snakemake)
keys = ["neuron", "seed", "state", "direction", "direction2", "x", "y"]
for name in ("lines", "planes"):
    table = pd.concat(map(pd.read_parquet, snakemake.input[name]), ignore_index=True)
    ordered = table.sort_values([key for key in keys if key in table], ignore_index=True)
    with atomic(snakemake.output[name]) as file:
        ordered.to_parquet(file)
states = pd.concat(map(pd.read_parquet, snakemake.input.states), ignore_index=True)
with atomic(snakemake.output.states) as file:
    states.to_csv(file, index=False)
