"""Run the trained networks of one neuron model on the test and validation data."""

import pandas as pd

from _job import start
from study.data.dataset import load
from study.storage.tables import write_table
from study.training.evaluation import accuracy_by_novelty, evaluate

log = start(snakemake)
checkpoints = snakemake.input.checkpoints
test, train, validation = (
    load(snakemake.input.events, name) for name in ("test", "train", "validation")
)
rows, samples = zip(*(evaluate(file, test, train, validation) for file in checkpoints), strict=True)
heard = [accuracy_by_novelty(file, validation, train) for file in checkpoints]
write_table(pd.DataFrame(rows), snakemake.output.runs)
write_table(pd.concat(samples, ignore_index=True), snakemake.output.samples)
write_table(pd.DataFrame(heard), snakemake.output.validation)
