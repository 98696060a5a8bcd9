"""Search one job's share of a run's census for changes of spikes."""

from _job import start
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.jobs import share
from study.landscape.census_jobs import census_tables, census_tasks
from study.landscape.objective import landscape_samples
from study.storage.tables import write_table

log = start(snakemake)
options = part(LandscapeSettings, snakemake.params.landscape)
data = load(snakemake.input.events, "train")
samples = landscape_samples(data, options, int(snakemake.wildcards.seed))
tasks = share(census_tasks(options), int(snakemake.wildcards.job), options.jobs)
tables = census_tables(tasks, snakemake.input.directions, samples, options)
for name, table in zip(snakemake.output, tables, strict=True):
    write_table(table, name)
