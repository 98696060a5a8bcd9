"""Follow loss and gradient along one job's share of a run's steps; gradients of samples."""

import pandas as pd

from _job import start
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.jobs import share
from study.landscape.constants import STATES
from study.landscape.directions import load_centre
from study.landscape.gradients import sample_gradients
from study.landscape.objective import Objective, landscape_samples
from study.landscape.steps import kept_steps, step_tables
from study.storage.tables import write_table

log = start(snakemake)
options = part(LandscapeSettings, snakemake.params.landscape)
job = int(snakemake.wildcards.job), options.jobs
data = load(snakemake.input.events, "train")
samples = landscape_samples(data, options, int(snakemake.wildcards.seed))

given = snakemake.input
steps = list(kept_steps(*given.run, data, options.steps.number))
tables = step_tables(share(steps, *job), samples, options)

norms = []
for state in share(STATES, *job):
    network, centre = load_centre(given.directions, state)
    found = sample_gradients(Objective(network, samples), centre)
    norms.append(found.assign(**centre.run, state=state))

for name, table in zip(snakemake.output, (*tables, pd.concat(norms)), strict=True):
    write_table(table, name)
