"""Count the minima of lines and planes, by depth."""

import pandas as pd

from _job import start
from spikegrad.landscape.fragmentation import line_minima, plane_minima
from spikegrad.storage.files import atomic

log = start(snakemake)
depths, tolerance = snakemake.params.depths, snakemake.params.tolerance
tables = {
    snakemake.output.lines: line_minima(pd.read_parquet(snakemake.input.lines), depths, tolerance),
    snakemake.output.planes: plane_minima(pd.read_parquet(snakemake.input.planes), depths),
}
for name, table in tables.items():
    with atomic(name) as file:
        table.to_parquet(file)
