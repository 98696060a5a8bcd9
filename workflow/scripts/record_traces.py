"""Record what networks of each neuron model do during one test sample."""

import pandas as pd
import torch

from _job import start
from spikegrad.layers import SpikeOverflowError
from spikegrad.network import load_network
from study.data.dataset import load
from study.storage.tables import write_table
from study.training.traces import raster

log = start(snakemake)
test = load(snakemake.input.events, snakemake.input.split, "test")
networks = [load_network(checkpoint) for checkpoint in snakemake.input.checkpoints]
for number in range(len(test)):  # the first in which some network does not run away
    sample = test.select(torch.tensor([number]))
    word, speaker = test.class_names[int(sample.labels)], int(sample.speakers)
    rasters = []
    for network, header in networks:
        about = {"neuron": header["model"], "data": test.name, "word": word, "speaker": speaker}
        try:
            rasters.append(raster(network, sample.spikes).assign(**about))
        except SpikeOverflowError:
            log.warning("%s runs away in sample %d, and is not drawn", header["model"], number)
    if rasters:
        break
else:
    raise ValueError("all networks run away in every test sample: their settings cannot be right")
write_table(pd.concat(rasters, ignore_index=True), snakemake.output.rasters)
