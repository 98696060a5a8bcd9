"""Record what networks of each neuron model do during one test sample."""

import pandas as pd
import torch

from _job import start
from spikegrad.layers import SpikeOverflowError
from spikegrad.network import load_network
from study.data.dataset import load
from study.storage.tables import write_table
from study.training.traces import potential, raster

log = start(snakemake)
test = load(snakemake.input.events, snakemake.input.split, "test")
sample = test.select(torch.tensor([snakemake.params.sample]))
word, speaker = test.class_names[int(sample.labels)], int(sample.speakers)
rasters, potentials = [], []
for checkpoint in snakemake.input.checkpoints:
    network, header = load_network(checkpoint)
    about = {"neuron": header["model"], "data": test.name, "word": word, "speaker": speaker}
    try:
        found = raster(network, sample.spikes), potential(network, sample.spikes, n_points=4000)
    except SpikeOverflowError:
        log.warning("%s runs away in the sample, and is not drawn", header["model"])
        continue
    for tables, table in zip((rasters, potentials), found, strict=True):
        tables.append(table.assign(**about))
if not rasters:
    raise ValueError(f"all networks run away in test sample {snakemake.params.sample}; set example")
write_table(pd.concat(rasters, ignore_index=True), snakemake.output.rasters)
write_table(pd.concat(potentials, ignore_index=True), snakemake.output.potentials)
