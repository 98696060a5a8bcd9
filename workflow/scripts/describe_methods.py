"""Write the report's page on methods: data, budget, software, configuration."""

import json
from pathlib import Path

import yaml

from _job import start
from spikegrad.report.methods import methods_page
from spikegrad.storage.files import atomic
from spikegrad.storage.tables import read_table

log = start(snakemake)
searches = [yaml.safe_load(Path(file).read_text()) for file in snakemake.input.searches]
outcomes = [json.loads(Path(file).read_text()) for file in snakemake.input.outcomes]
content = methods_page(
    snakemake.params.study,
    snakemake.params.models,
    read_table(snakemake.input.data),
    read_table(*snakemake.input.histories),
    searches,
    [machine for outcome in outcomes for machine in outcome["made"]],
)
with atomic(snakemake.output.page) as file:
    file.write_text(content)
