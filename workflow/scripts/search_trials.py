"""Train some of a generation's trials through one rung; killed, they go on where they were."""

from pathlib import Path

from tqdm import tqdm

from _job import start
from spikegrad.settings import validate
from study.config.search import repeat_seed
from study.config.training import ModelSettings
from study.jobs import share
from study.search.halving import read_rungs
from study.search.records import write_record
from study.search.trials import limited_trials, open_bench, run_rung

log = start(snakemake)
params = snakemake.params
seed = repeat_seed(params.seed, int(snakemake.wildcards.repeat))
bench = open_bench(
    snakemake.wildcards.neuron,
    validate(ModelSettings, params.model),
    limited_trials(params.trials, snakemake.resources),
    snakemake.input.events,
    seed,
    params.code,
    Path(params.states),
)
rung, job = int(snakemake.wildcards.rung), int(snakemake.wildcards.job)
*_, (_, records) = read_rungs(snakemake.input.records, bench.options)
mine = share(records, job, bench.options.jobs(rung))

folder = Path(snakemake.output.records)
folder.mkdir(parents=True, exist_ok=True)
for record in tqdm(mine, desc=f"{bench.neuron}, rung {rung}", unit="trial", disable=None):
    write_record(folder, run_rung(bench, record, rung))
bench.remove_checkpoints(mine)
