"""Collect the scores of all runs and their learning curves, and sum them up over folds."""

from _job import start
from study.storage.tables import read_table, write_table
from study.training.summary import SCORES, accuracy_by_speaker, summary

start(snakemake)
params, output = snakemake.params, snakemake.output
runs, samples, histories = (
    read_table(*snakemake.input[name]) for name in ("runs", "samples", "histories")
)
for table in (runs, samples, histories):
    table.insert(0, "fold", table["seed"].map(params.folds))
    table.insert(1, "search", table["seed"].map(params.searches))
speakers = accuracy_by_speaker(samples, ["speaker", "unseen_speaker", "neuron", "fold", "search"])
write_table(runs, output.runs)
write_table(summary(runs, SCORES), output.summary, digits=5)
write_table(speakers, output.speakers, digits=6)
write_table(histories, output.histories)
