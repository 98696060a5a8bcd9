"""Name the winner, and collect all trials in a table."""

import pandas as pd
import yaml

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import SearchConfig
from spikegrad.files import atomic
from spikegrad.search.records import read_records, read_runs
from spikegrad.search.sampling import importances
from spikegrad.search.selection import run_table, trial_table, winner

log = start(snakemake)
config = validate(SearchConfig, snakemake.params.search)
neuron = snakemake.wildcards.neuron
records, runs = read_records(snakemake.input.records), read_runs(snakemake.input.runs)

best = {"neuron": neuron, **winner(records, runs, config)}
with atomic(snakemake.output.best) as file:
    file.write_text(yaml.safe_dump(best, sort_keys=False))
with atomic(snakemake.output.trials) as file:
    trial_table(records, config.trials.per_generation).assign(neuron=neuron).to_parquet(file)
with atomic(snakemake.output.runs) as file:
    run_table(runs).assign(neuron=neuron).to_parquet(file)
shares = importances(config.sampling.space, records, config.seed)
with atomic(snakemake.output.importances) as file:
    table = pd.DataFrame({"parameter": list(shares), "importance": list(shares.values())})
    table.assign(neuron=neuron).to_csv(file, index=False)
