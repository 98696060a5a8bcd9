"""Train the networks of one neuron model on, to see which silent neurons wake."""

import pandas as pd

from _job import start
from spikegrad.data.dataset import load
from spikegrad.storage.files import atomic
from spikegrad.training.silence import silence_table

log = start(snakemake)
data, validation = (load(snakemake.input.events, name) for name in ("train", "validation"))
runs = zip(
    snakemake.input.checkpoints, snakemake.input.snapshots, snakemake.input.histories, strict=True
)
tables = [
    silence_table(
        checkpoint,
        snapshots,
        pd.read_parquet(history),
        data,
        validation,
        snakemake.params.epochs,
    )
    for checkpoint, snapshots, history in runs
]
with atomic(snakemake.output.table) as file:
    pd.concat(tables, ignore_index=True).to_parquet(file)
