"""Find the points and directions of one seed's landscapes, for all neuron models."""

from pathlib import Path

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.landscape import LandscapeSettings
from spikegrad.data.dataset import load
from spikegrad.landscape.directions import centre, load_run, save_centres, states
from spikegrad.landscape.objective import Objective, subset

log = start(snakemake)
options = validate(LandscapeSettings, snakemake.params.landscape)
data = subset(load(snakemake.input.events, "train"), options.samples, options.directions.seed)


def runs(checkpoints, snapshots):
    loaded = [load_run(*files) for files in zip(checkpoints, snapshots, strict=True)]
    return {run.header["neuron"]: run for run in loaded}


own = runs(snakemake.input.checkpoints, snakemake.input.snapshots)
other = runs(snakemake.input.other_checkpoints, snakemake.input.other_snapshots)
objectives = {neuron: Objective(run.network, data) for neuron, run in own.items()}
points = states(own, objectives)
for file in snakemake.output:
    neuron = Path(file).parent.name
    centres = {
        state: centre(
            state, weights, gain, own[neuron], other[neuron], objectives[neuron], options.directions
        )
        for state, (weights, gain) in points[neuron].items()
    }
    for about in (c.about for c in centres.values()):
        log.info({key: value for key, value in about.items() if key != "directions"})
    save_centres(file, own[neuron], centres)
