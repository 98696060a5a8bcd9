"""Train some of a generation's trials, or of the finalists, through one rung; killed, they go on
where they were."""

from functools import partial

from _job import start
from study.config.search import search_seed
from study.progress import share
from study.search.selection import finalist_runs
from study.search.trial_records import TrialRecord, read_generation, read_rungs
from study.search.trials import TrialRunner, limited_trials, run_job

start(snakemake)
params, wildcards = snakemake.params, snakemake.wildcards
trials, rung = limited_trials(params.trials, snakemake.resources), int(wildcards.rung)
seed = search_seed(int(wildcards.repeat))
generation = read_generation(snakemake.input.records[0])
if generation.final:
    trials = trials.of_finalists(params.finalists["epochs"])
    finalists, folds = params.finalists["finalists"], params.finalists["folds"]
    runs = finalist_runs(generation.trials, finalists, seed, folds)
    records = [TrialRecord(run) for run in runs]
else:
    *_, (_, records) = read_rungs(snakemake.input.records, trials)
runner_of = partial(
    TrialRunner.of_job,
    wildcards.neuron,
    trials,
    params.model,
    (snakemake.input.events, snakemake.input.split),
    seed,
    params.code,
    params.states,
)
mine = share(records, int(wildcards.job), params.jobs)
run_job(mine, rung, snakemake.output.records, runner_of)
