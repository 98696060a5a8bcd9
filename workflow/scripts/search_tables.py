"""Tables of all searches together: budget, stability, regions, ranking by rungs, winners."""

from _job import start
from spikegrad.settings import validate
from study.config.search import Sampling
from study.search.regions import region_table
from study.search.tables import budget_table, rung_table, stability_table, winner_table
from study.storage.tables import read_table, read_yaml, write_table

start(snakemake)
trials, runs = (read_table(*snakemake.input[name]) for name in ("trials", "runs"))
winners = [read_yaml(file) for file in snakemake.input.winners]
space = validate(Sampling, snakemake.params.sampling).space
tables = {
    "trials": trials,
    "finalists": runs,
    "budget": budget_table(trials, snakemake.params.budget),
    "stability": stability_table(trials, winners),
    "regions": region_table(space, trials),
    "rungs": rung_table(trials, runs),
    "winners": winner_table(winners),
}
for name, table in tables.items():
    write_table(table, snakemake.output[name])
