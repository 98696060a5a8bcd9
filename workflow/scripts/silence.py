"""Train the networks of one neuron model on, to see which silent neurons wake."""

import pandas as pd

from _job import start
from spikegrad.data.dataset import load
from spikegrad.storage.tables import read_table, write_table
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
        read_table(history),
        data,
        validation,
        snakemake.params.epochs,
    )
    for checkpoint, snapshots, history in runs
]
write_table(pd.concat(tables, ignore_index=True), snakemake.output.table)
