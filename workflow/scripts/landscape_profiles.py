"""Follow the loss of single samples along one job's share of a run's lines."""

from _job import start
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.jobs import share
from study.landscape.objective import landscape_samples
from study.landscape.profiles import profile_tables, profile_tasks
from study.storage.tables import write_table

log = start(snakemake)
options = part(LandscapeSettings, snakemake.params.landscape)
data = load(snakemake.input.events, "train")
samples = landscape_samples(data, options, int(snakemake.wildcards.seed))
tasks = share(profile_tasks(options), int(snakemake.wildcards.job), options.jobs)
tables = profile_tables(tasks, snakemake.input.directions, samples, options)
for name, table in zip(snakemake.output, tables, strict=True):
    write_table(table, name)
