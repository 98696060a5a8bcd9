"""Run the trained networks of one neuron model on the test data of their folds."""

from itertools import groupby
from operator import itemgetter

import pandas as pd

from _job import start
from study.data.dataset import load
from study.storage.tables import write_table
from study.training.evaluation import evaluate

start(snakemake)
given = snakemake.input
rows, samples = [], []
for fold, own in groupby(zip(given.splits, given.checkpoints, strict=True), itemgetter(0)):
    test, train = (load(given.events, fold, role) for role in ("test", "train"))
    for _, checkpoint in own:
        row, answers = evaluate(checkpoint, test, train)
        rows.append(row)
        samples.append(answers)
runs = pd.DataFrame(rows).drop(columns="validation_accuracy")  # which they have none of
write_table(runs, snakemake.output.runs)
write_table(pd.concat(samples, ignore_index=True), snakemake.output.samples)
