"""Train some of the finalists on each inner fold, as long as `training.epochs`."""

from functools import partial

from _job import start
from spikegrad.settings import validate
from study.config.search import Selection, search_seed
from study.jobs import share
from study.search.records import TrialRecord, read_search
from study.search.selection import finalist_runs
from study.search.trials import TrialRunner, final_budget, limited_trials, run_job

start(snakemake)
params, wildcards = snakemake.params, snakemake.wildcards
trials = limited_trials(params.trials, snakemake.resources)
seed = search_seed(params.seed, int(wildcards.repeat))
selection = validate(Selection, params.selection)
records = read_search(snakemake.input.records, trials)
runs = finalist_runs(records, selection, seed, params.folds)
runner_of = partial(
    TrialRunner.of_job,
    wildcards.neuron,
    final_budget(trials, params.epochs),
    params.model,
    (snakemake.input.events, snakemake.input.split),
    seed,
    params.code,
    params.states,
)
mine = share([TrialRecord(run) for run in runs], int(wildcards.job), params.jobs)
run_job(mine, 0, snakemake.output.records, runner_of)
