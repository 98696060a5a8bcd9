"""Compile a neuron model's engine once, before many jobs start at the same time."""

from pathlib import Path

from _job import start
from spikegrad.layers import warm_up

start(snakemake)
warm_up(snakemake.params.kinds)
Path(snakemake.output.done).touch()
