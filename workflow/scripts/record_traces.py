"""Record what networks of each neuron model do during one test sample."""

import pandas as pd
import torch

from _job import start
from spikegrad.data.dataset import load
from spikegrad.network import load_network
from spikegrad.storage.files import atomic
from spikegrad.training.traces import potential, raster

log = start(snakemake)
test = load(snakemake.input.events, "test")
sample = test.select(torch.tensor([snakemake.params.sample]))
word, speaker = test.class_names[int(sample.labels)], int(sample.speakers)
rasters, potentials = [], []
for checkpoint in snakemake.input.checkpoints:
    network, header = load_network(checkpoint)
    about = {"neuron": header["neuron"], "data": test.name, "word": word, "speaker": speaker}
    rasters.append(raster(network, sample.spikes).assign(**about))
    potentials.append(potential(network, sample.spikes, n_points=4000).assign(**about))
with atomic(snakemake.output.rasters) as file:
    pd.concat(rasters, ignore_index=True).to_parquet(file)
with atomic(snakemake.output.potentials) as file:
    pd.concat(potentials, ignore_index=True).to_parquet(file)
