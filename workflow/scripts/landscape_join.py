"""Join what the jobs found of profiles and of steps into one table each."""

from pathlib import Path

import pandas as pd

from _job import start
from spikegrad.storage.files import atomic

log = start(snakemake)
keys = ("neuron", "seed", "state", "direction", "sample", "depth", "epoch", "batch", "t")
for name, output in snakemake.output.items():
    parts = [part for part in map(pd.read_parquet, snakemake.input[name]) if len(part)]
    table = pd.concat(parts)
    order = [key for key in keys if key in table]
    table = table.sort_values(order, ignore_index=True)
    table = table[[*order, *(column for column in table if column not in order)]]
    with atomic(output) as file:
        if Path(output).suffix == ".csv":
            table.to_csv(file, index=False)
        else:
            table.to_parquet(file)
