"""Collect the scores of all runs and their learning curves, and sum them up over searches."""

from _job import start
from study.storage.tables import read_table, write_table
from study.training.summary import SCORES, accuracy_by_speaker, reached, summary

log = start(snakemake)
searches, output = snakemake.params.searches, snakemake.output
runs, validation, samples, histories = (
    read_table(*snakemake.input[name]) for name in ("runs", "validation", "samples", "histories")
)
runs.insert(2, "search", runs["seed"].map(searches))
validation.insert(1, "search", validation["seed"].map(searches))
samples["search"] = samples["seed"].map(searches)
speakers = accuracy_by_speaker(samples, ["speaker", "unseen_speaker", "neuron", "search"])
write_table(runs, output.runs)
write_table(summary(runs, SCORES), output.summary, digits=5)
write_table(validation, output.validation, digits=6)
write_table(speakers, output.speakers, digits=6)
write_table(reached(histories, runs), output.reached, digits=6)
write_table(histories, output.histories)
