"""Collect the scores of all runs, and their means over searches with t intervals."""

import pandas as pd

from _job import start
from spikegrad.storage.files import atomic
from spikegrad.training.summary import SCORES, summary

log = start(snakemake)
runs = pd.concat(map(pd.read_parquet, snakemake.input.runs), ignore_index=True)
runs.insert(2, "search", runs["seed"].map(snakemake.params.searches))
with atomic(snakemake.output.runs) as file:
    runs.to_csv(file, index=False)
with atomic(snakemake.output.summary) as file:
    summary(runs, SCORES).to_csv(file, index=False, float_format="%.5g")
