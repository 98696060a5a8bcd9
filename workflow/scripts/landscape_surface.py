"""Evaluate one job's share of a run's lines and of the points of its planes."""

from _job import start
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.jobs import share
from study.landscape.surfaces import line_table, plane_table, points, rays
from study.storage.tables import write_table

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
