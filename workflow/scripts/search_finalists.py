"""Train some of the finalists with fresh seeds, as long and on as much as the final networks."""

from pathlib import Path

from tqdm import tqdm

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import Selection
from spikegrad.config.training import ModelSettings
from spikegrad.jobs import share
from spikegrad.search.halving import read_search
from spikegrad.search.records import write_record
from spikegrad.search.seeds import repeat_seed
from spikegrad.search.selection import finalist_runs
from spikegrad.search.trials import final_budget, limited_trials, open_bench, run_again

log = start(snakemake)
params = snakemake.params
seed = repeat_seed(params.seed, int(snakemake.wildcards.repeat))
trials = limited_trials(params.trials, snakemake.resources)
bench = open_bench(
    snakemake.wildcards.neuron,
    validate(ModelSettings, params.model),
    final_budget(trials, params.epochs),
    snakemake.input.events,
    seed,
    params.code,
    Path(params.states),
)
selection = validate(Selection, params.selection)
runs = finalist_runs(read_search(snakemake.input.records, trials), selection, seed)
mine = share(runs, int(snakemake.wildcards.job), params.jobs)

folder = Path(snakemake.output.records)
folder.mkdir(parents=True, exist_ok=True)
done = []
for trial in tqdm(mine, desc=f"{bench.neuron}, finalists", unit="run", disable=None):
    done.append(run_again(bench, trial))
    write_record(folder, done[-1])
bench.remove_checkpoints(done)
