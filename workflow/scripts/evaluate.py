"""Run the trained networks of one neuron model on the test data."""

import pandas as pd

from _job import start
from spikegrad.data.dataset import load
from spikegrad.storage.files import atomic
from spikegrad.training.evaluation import evaluate

log = start(snakemake)
test, *used = (load(snakemake.input.events, name) for name in ("test", "train", "validation"))
rows, samples = zip(
    *(evaluate(checkpoint, test, *used) for checkpoint in snakemake.input.checkpoints), strict=True
)
with atomic(snakemake.output.runs) as file:
    pd.DataFrame(rows).to_parquet(file)
with atomic(snakemake.output.samples) as file:
    pd.concat(samples, ignore_index=True).to_parquet(file)
