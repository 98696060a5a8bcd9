"""Take one job's share of a measure around a network: a function of study.landscape."""

from importlib import import_module

from _job import start
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.landscape.directions import load_centres
from study.landscape.job import Job
from study.storage.tables import write_table

start(snakemake)
given = snakemake.input
job = Job(
    part(LandscapeSettings, snakemake.params.landscape),
    *load_centres(given.directions),
    load(given.events, given.split, "train"),
    int(snakemake.wildcards.job),
    *given.run,
)
(module,) = snakemake.params.modules
measure = getattr(import_module(module), module.rpartition(".")[2])
for name, table in measure(job).items():
    write_table(table, snakemake.output[name])
