"""Tables of all searches together: budget, stability, ranking by rungs, winners."""

from pathlib import Path

import pandas as pd
import yaml

from _job import start
from spikegrad.search.tables import budget_table, rung_table, stability_table, winner_table
from spikegrad.storage.files import atomic

log = start(snakemake)
trials = pd.concat(map(pd.read_parquet, snakemake.input.trials), ignore_index=True)
winners = [yaml.safe_load(Path(file).read_text()) for file in snakemake.input.winners]
tables = {
    "budget": budget_table(trials),
    "stability": stability_table(trials),
    "rungs": rung_table(trials),
    "winners": winner_table(winners),
}
for name, table in tables.items():
    with atomic(snakemake.output[name]) as file:
        table.to_csv(file, index=False)
