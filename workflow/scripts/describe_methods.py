"""Write the report's page on methods: data, budget, software, configuration."""

from pathlib import Path

import pandas as pd
import yaml

from _job import start
from spikegrad.report.methods import methods_page
from spikegrad.storage.files import atomic

log = start(snakemake)
searches = [yaml.safe_load(Path(file).read_text()) for file in snakemake.input.searches]
content = methods_page(
    snakemake.params.study,
    pd.read_csv(snakemake.input.data),
    pd.concat(map(pd.read_parquet, snakemake.input.histories), ignore_index=True),
    searches,
    snakemake.input.measured,
)
with atomic(snakemake.output.page) as file:
    file.write_text(content)
