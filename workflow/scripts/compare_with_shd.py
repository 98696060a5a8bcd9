"""Put the statistics of the prepared data beside what is published of SHD."""

import pandas as pd

from _job import start
from spikegrad.data.shd import compare
from spikegrad.storage.files import atomic

log = start(snakemake)
with atomic(snakemake.output.table) as part:
    table = compare(pd.read_parquet(snakemake.input.samples))
    table.to_csv(part, index=False, float_format="%.5g")
