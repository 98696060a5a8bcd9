"""Train some of the finalists with fresh seeds, as long and on as much as the final networks."""

from pathlib import Path

from tqdm import tqdm

from _job import start
from spikegrad.settings import validate
from study.config.search import Selection, repeat_seed
from study.config.training import ModelSettings
from study.jobs import share
from study.search.halving import read_search
from study.search.records import write_record
from study.search.selection import finalist_runs
from study.search.trials import final_budget, limited_trials, open_bench, run_again

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
