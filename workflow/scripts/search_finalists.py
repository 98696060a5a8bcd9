"""Train some of the finalists with fresh seeds, through all rungs at once."""

from pathlib import Path

from tqdm import tqdm

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import Selection, Trials
from spikegrad.config.training import ModelSettings
from spikegrad.search.records import read_records, write_record
from spikegrad.search.selection import finalist_runs
from spikegrad.search.trials import open_bench, run_again, share

log = start(snakemake)
params = snakemake.params
bench = open_bench(
    snakemake.wildcards.neuron,
    validate(ModelSettings, params.model),
    validate(Trials, params.trials),
    snakemake.input.events,
    params.seed,
    snakemake.input.code,
    Path(params.states),
)
selection = validate(Selection, params.selection)
runs = finalist_runs(read_records(snakemake.input.records), selection, params.seed)
mine = share(runs, int(snakemake.wildcards.job), params.jobs)

folder = Path(snakemake.output.records)
folder.mkdir(parents=True, exist_ok=True)
done = []
for trial in tqdm(mine, desc=f"{bench.neuron}, finalists", unit="run", disable=None):
    done.append(run_again(bench, trial))
    write_record(folder / f"{trial.number}-{trial.seed}.json", done[-1])
bench.forget(done, [])
