"""Train a network on, to see which silent neurons wake."""

from _job import start
from study.data.dataset import load
from study.storage.tables import read_table, write_table
from study.training.silence import silence_table

start(snakemake)
given = snakemake.input
table = silence_table(
    given.checkpoint,
    given.snapshots,
    read_table(given.history),
    load(given.events, given.split, "train"),
    snakemake.params.epochs,
)
write_table(table, snakemake.output.table)
