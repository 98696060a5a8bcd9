"""Follow loss and gradient along one job's share of the steps of training; gradients of samples."""

import pandas as pd

from _job import start
from spikegrad.config.base import part
from spikegrad.config.landscape import LandscapeSettings
from spikegrad.data.dataset import load
from spikegrad.jobs import share
from spikegrad.landscape.constants import STATES
from spikegrad.landscape.directions import load_centre
from spikegrad.landscape.gradients import sample_gradients
from spikegrad.landscape.objective import Objective, landscape_samples
from spikegrad.landscape.steps import kept_steps, step_tables
from spikegrad.storage.tables import write_table

log = start(snakemake)
options = part(LandscapeSettings, snakemake.params.landscape)
job = int(snakemake.wildcards.job), options.jobs
data = load(snakemake.input.events, "train")
samples = {s: landscape_samples(data, options, s) for s in options.seeds}

runs = zip(snakemake.input.checkpoints, snakemake.input.snapshots, strict=True)
steps = share(
    [step for files in runs for step in kept_steps(*files, data, options.steps.number)], *job
)
tables = step_tables(steps, samples, options)

norms = []
for file, state in share([(f, s) for f in snakemake.input.directions for s in STATES], *job):
    network, centre = load_centre(file, state)
    key = {name: centre.about[name] for name in ("neuron", "seed", "state")}
    objective = Objective(network, samples[key["seed"]])
    norms.append(sample_gradients(objective, centre).assign(**key))

names = ("steps", "losses", "updates", "samples")
for name, table in zip(names, (*tables, pd.concat(norms)), strict=True):
    write_table(table, snakemake.output[name])
