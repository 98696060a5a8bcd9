"""Write the loss surfaces of both neuron models as a page to turn and to read values from."""

import pandas as pd

from _job import start
from spikegrad.landscape.interactive import surfaces_page
from spikegrad.storage.files import atomic

log = start(snakemake)
planes = pd.read_parquet(snakemake.input.planes)
planes = planes[planes["seed"] == snakemake.params.seed]
with atomic(snakemake.output.page) as file:
    file.write_text(surfaces_page(planes, snakemake.params.data))
