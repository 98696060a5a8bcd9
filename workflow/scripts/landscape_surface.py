"""Evaluate one job's share of the points on lines and planes."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.landscape import LandscapeSettings
from spikegrad.data.dataset import load
from spikegrad.files import atomic
from spikegrad.landscape.objective import subset
from spikegrad.landscape.surfaces import share, surface_points, surface_table

log = start(snakemake)
options = validate(LandscapeSettings, snakemake.params.landscape)
data = subset(load(snakemake.input.events, "train"), options.samples, options.directions.seed)
centres = dict(zip(options.seeds, snakemake.input.directions, strict=True))
points = share(surface_points(options), int(snakemake.wildcards.job), options.jobs)
table = surface_table(points, centres, data, options)
with atomic(snakemake.output.points) as file:
    table.to_parquet(file)
