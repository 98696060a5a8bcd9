"""Name the winner of a search, and collect its trials in a table."""

import yaml

from _job import start
from spikegrad.files import atomic
from spikegrad.settings import part, validate
from study.config.search import Halving, SearchConfig, search_seed
from study.config.training import ModelSettings
from study.search.bounds import placed
from study.search.budget import epoch_samples
from study.search.selection import finalist_runs, finalists_of, run_table, trial_table, winner
from study.search.trial_records import read_generation, read_records, read_search
from study.storage.tables import write_table

log = start(snakemake)
params = snakemake.params
config, halving = part(SearchConfig, params.search), validate(Halving, params.trials)
about = {
    "neuron": snakemake.wildcards.neuron,
    "fold": params.fold,
    "search": int(snakemake.wildcards.repeat),
}
seed = search_seed(about["search"])
records = read_search(snakemake.input.records, halving)
ranked, *folders = snakemake.input.runs
trials = read_generation(ranked).trials
runs = read_records(folders, finalist_runs(trials, config.finalists, seed, params.reruns))

if not params.reruns:  # finalists stand as their trials do
    runs = finalists_of(records, trials[: config.finalists])
whole_trial = halving.epochs_of(1) * epoch_samples(
    snakemake.input.split, params.samples, params.inner
)
best = about | winner(records, runs, config.budget, whole_trial)
cost = best["presentations"]
if not cost["budget_spent"]:
    log.warning(
        "search.generations ended before search.budget: %d of %d presentations were made; raise"
        " search.generations, which keeps all trials that are done",
        cost["used"],
        cost["allotted"],
    )
settings = validate(ModelSettings, params.model).with_parameters(best["parameters"])
best["places"] = placed(config.sampling.space, settings)
with atomic(snakemake.output.best) as file:
    file.write_text(yaml.safe_dump(best, sort_keys=False))

for name, table in {"trials": trial_table(records, halving), "finalists": run_table(runs)}.items():
    for place, (key, value) in enumerate(about.items()):
        table.insert(place, key, value)
    write_table(table, snakemake.output[name])
