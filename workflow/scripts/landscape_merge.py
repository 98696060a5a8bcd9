"""Join the jobs' points into one table of lines and one of planes."""

import pandas as pd

from _job import start
from spikegrad.files import atomic

log = start(snakemake)
points = pd.concat(map(pd.read_parquet, snakemake.input.points), ignore_index=True)
on_line = points["direction2"].isna()
tables = {
    snakemake.output.lines: points[on_line].drop(columns=["direction2", "y", "slope_y"]),
    snakemake.output.planes: points[~on_line],
}
keys = ["neuron", "seed", "state", "direction", "direction2", "x", "y"]
for name, table in tables.items():
    ordered = table.sort_values([key for key in keys if key in table], ignore_index=True)
    with atomic(name) as file:
        ordered.to_parquet(file)
