"""Train some of a generation's trials through one rung; killed, they go on where they were."""

from functools import partial

from _job import start
from study.config.search import search_seed
from study.jobs import share
from study.search.records import read_rungs
from study.search.trials import TrialRunner, limited_trials, run_job

start(snakemake)
params, wildcards = snakemake.params, snakemake.wildcards
trials, rung = limited_trials(params.trials, snakemake.resources), int(wildcards.rung)
*_, (_, records) = read_rungs(snakemake.input.records, trials)
runner_of = partial(
    TrialRunner.of_job,
    wildcards.neuron,
    trials,
    params.model,
    (snakemake.input.events, snakemake.input.split),
    search_seed(params.seed, int(wildcards.repeat)),
    params.code,
    params.states,
)
mine = share(records, int(wildcards.job), trials.jobs(rung))
run_job(mine, rung, snakemake.output.records, runner_of)
