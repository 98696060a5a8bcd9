"""Copy the network of a search's first seed."""

import shutil

from _job import start
from spikegrad.files import atomic
from spikegrad.saving import load_tensors

start(snakemake)
load_tensors(snakemake.input.checkpoint)  # a damaged one is refused, and not copied
with atomic(snakemake.output.network) as part:
    shutil.copyfile(snakemake.input.checkpoint, part)
