"""Name the winner of a search, and collect its trials in a table."""

import pandas as pd
import yaml

from _job import start
from spikegrad.files import atomic
from spikegrad.settings import part, validate
from study.config.search import Halving, SearchConfig, repeat_seed
from study.config.training import ModelSettings
from study.search.bounds import placed
from study.search.halving import read_search
from study.search.records import read_records
from study.search.sampling import importances
from study.search.selection import finalist_runs, run_table, trial_table, winner
from study.storage.tables import write_table

log = start(snakemake)
config = part(SearchConfig, snakemake.params.search)
trials = validate(Halving, snakemake.params.trials)
neuron, search = snakemake.wildcards.neuron, int(snakemake.wildcards.repeat)
records = read_search(snakemake.input.records, trials)
finalists = finalist_runs(records, config.selection, repeat_seed(config.seed, search))
runs = read_records(snakemake.input.runs, finalists)


def named(table: pd.DataFrame) -> pd.DataFrame:
    """With what tells the search from others in front."""
    table.insert(0, "neuron", neuron)
    table.insert(1, "search", search)
    return table


allotted = config.generations * trials.epochs_allotted()
best = {"neuron": neuron, "search": search, **winner(records, runs, allotted)}
settings = validate(ModelSettings, snakemake.params.model).with_parameters(best["parameters"])
best["places"] = placed(config.sampling.space, settings)
with atomic(snakemake.output.best) as file:
    file.write_text(yaml.safe_dump(best, sort_keys=False))
write_table(named(trial_table(records, trials)), snakemake.output.trials)
write_table(named(run_table(runs)), snakemake.output.runs)
shares = importances(config.sampling.space, records, repeat_seed(config.seed, search))
table = pd.DataFrame({"parameter": list(shares), "importance": list(shares.values())})
write_table(named(table), snakemake.output.importances)
