"""Measure how broken lines and planes are, at several resolutions."""

import pandas as pd

from _job import start
from spikegrad.files import atomic
from spikegrad.landscape.fragmentation import line_table, plane_table

log = start(snakemake)
tables = {
    snakemake.output.lines: line_table(pd.read_parquet(snakemake.input.lines)),
    snakemake.output.planes: plane_table(
        pd.read_parquet(snakemake.input.planes), snakemake.params.levels
    ),
}
for name, table in tables.items():
    with atomic(name) as file:
        table.to_parquet(file)
