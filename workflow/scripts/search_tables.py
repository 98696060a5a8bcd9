"""Tables of all searches together: budget, stability, ranking by rungs, winners."""

from pathlib import Path

import yaml

from _job import start
from study.search.tables import budget_table, rung_table, stability_table, winner_table
from study.storage.tables import read_table, write_table

log = start(snakemake)
trials, runs = (read_table(*snakemake.input[name]) for name in ("trials", "runs"))
winners = [yaml.safe_load(Path(file).read_text()) for file in snakemake.input.winners]
tables = {
    "trials": trials,
    "finalists": runs,
    "budget": budget_table(trials),
    "stability": stability_table(trials),
    "rungs": rung_table(trials, runs),
    "winners": winner_table(winners),
}
for name, table in tables.items():
    write_table(table, snakemake.output[name])
