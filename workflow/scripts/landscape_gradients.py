"""Compare the gradients of one neuron model's networks with those nearby, and between samples."""

import pandas as pd

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.landscape import LandscapeSettings
from spikegrad.data.dataset import load
from spikegrad.files import atomic
from spikegrad.landscape.directions import load_centre
from spikegrad.landscape.gradients import agreement, sample_gradients
from spikegrad.landscape.objective import Objective, subset
from spikegrad.landscape.terms import STATES

log = start(snakemake)
options = validate(LandscapeSettings, snakemake.params.landscape)
data = load(snakemake.input.events, "train")
names, distances = options.gradients.directions, options.gradients.distances
nearby, samples, centres = [], [], []
for file in snakemake.input.directions:
    for state in STATES:
        network, centre = load_centre(file, state, names)
        objective = Objective(network, subset(data, options, centre.about["seed"]))
        about = {key: value for key, value in centre.about.items() if key != "directions"}
        key = {name: about[name] for name in ("neuron", "seed", "state")}
        nearby.append(agreement(objective, centre, names, distances).assign(**key))
        samples.append(sample_gradients(objective, centre).assign(**key))
        centres.append(about)
for name, table in {
    snakemake.output.nearby: pd.concat(nearby, ignore_index=True),
    snakemake.output.samples: pd.concat(samples, ignore_index=True),
    snakemake.output.centres: pd.DataFrame(centres),
}.items():
    with atomic(name) as file:
        table.to_parquet(file)
