"""Copy the network of a search's first seed."""

import shutil

from _job import start
from spikegrad.files import atomic

log = start(snakemake)
with atomic(snakemake.output.network) as part:
    shutil.copyfile(snakemake.input.checkpoint, part)
