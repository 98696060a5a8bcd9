"""Compute the cochlea's transfer functions once for all sounds."""

from _job import start
from spikegrad.membrane import Membrane

start(snakemake)
params = snakemake.params
membrane = Membrane.build(params.n_channels, params.duration, params.sample_rate)
membrane.save(snakemake.output.membrane)
