"""Join the census of all jobs, and sum it up for each network."""

import pandas as pd

from _job import start
from spikegrad.landscape.summary import census_summary
from spikegrad.storage.files import atomic

log = start(snakemake)
tables = {}
for name in ("changes", "lines", "losses"):
    parts = [pd.read_parquet(file) for file in snakemake.input[name]]
    tables[name] = pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True)
keys = ["neuron", "seed", "state", "direction", "sample", "search"]
for name, table in tables.items():
    order = [*keys, *(["x"] if "x" in table else [])]
    tables[name] = table.sort_values(order, ignore_index=True)
    with atomic(snakemake.output[name]) as file:
        tables[name].to_parquet(file)
with atomic(snakemake.output.summary) as file:
    census_summary(tables["changes"], tables["lines"]).to_csv(file, index=False)
