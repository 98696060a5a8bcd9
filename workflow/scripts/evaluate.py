"""Run the trained networks of one neuron model on the test data."""

import pandas as pd

from _job import start
from spikegrad.data.dataset import load
from spikegrad.storage.tables import write_table
from spikegrad.training.evaluation import evaluate

log = start(snakemake)
test, *used = (load(snakemake.input.events, name) for name in ("test", "train", "validation"))
rows, samples = zip(
    *(evaluate(checkpoint, test, *used) for checkpoint in snakemake.input.checkpoints), strict=True
)
write_table(pd.DataFrame(rows), snakemake.output.runs)
write_table(pd.concat(samples, ignore_index=True), snakemake.output.samples)
