"""Compute the cochlea's transfer function once for all voices."""

import numpy as np

from _job import start
from spikegrad.data.cochlea import transfer_function
from spikegrad.data.speech import SAMPLE_RATE
from spikegrad.files import atomic

log = start(snakemake)
transfer = transfer_function(snakemake.params.n_channels, snakemake.params.duration, SAMPLE_RATE)
with atomic(snakemake.output.transfer) as part:
    np.save(part, transfer)
log.info("%d channels, %d frequencies", *transfer.shape)
