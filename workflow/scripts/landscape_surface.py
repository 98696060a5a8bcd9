"""Evaluate one job's share of a run's lines and of the points of its planes."""

from _job import start
from spikegrad.config.base import part
from spikegrad.config.landscape import LandscapeSettings
from spikegrad.data.dataset import load
from spikegrad.jobs import share
from spikegrad.landscape.surfaces import line_table, plane_table, points, rays
from spikegrad.storage.tables import write_table

log = start(snakemake)
options = part(LandscapeSettings, snakemake.params.landscape)
data = load(snakemake.input.events, "train")
centres = snakemake.input.directions
job = int(snakemake.wildcards.job), options.jobs
tables = {
    snakemake.output.lines: line_table(share(rays(options), *job), centres, data, options),
    snakemake.output.planes: plane_table(share(points(options), *job), centres, data, options),
}
for name, table in tables.items():
    write_table(table, name)
