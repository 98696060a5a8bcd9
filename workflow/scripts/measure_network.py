"""Measure one network: how rough the loss is around it, what changed samples do to it."""

from pathlib import Path

from _job import start
from spikegrad.network import load_network
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.landscape.roughness import roughness_table
from study.storage.tables import write_table
from study.training.robustness import robustness

start(snakemake)
params = snakemake.params
network, _ = load_network(snakemake.input.network)
name, files = Path(snakemake.input.network).name, [snakemake.input.events, snakemake.input.split]
if "robustness" in params.measures:
    table = robustness(network, load(*files, "test"))
    table.insert(0, "neuron", network.neuron)
    table.insert(1, "network", name)
    write_table(table, snakemake.output.robustness)
if "roughness" in params.measures:
    options = part(LandscapeSettings, params.landscape)
    write_table(
        roughness_table(network, name, load(*files, "train"), options), snakemake.output.roughness
    )
