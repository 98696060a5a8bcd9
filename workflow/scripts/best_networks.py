"""Copy of each search the network that is best by validation."""

import shutil

from _job import start
from spikegrad.files import atomic
from study.storage.tables import read_table
from study.training.summary import best_by_validation

log = start(snakemake)
runs = read_table(snakemake.input.runs)
runs["search"] = runs["seed"].map(snakemake.params.searches)
files = dict(zip(snakemake.params.searches, snakemake.input.checkpoints, strict=True))
best = best_by_validation(runs).sort_values("search")
for seed, target in zip(best["seed"], snakemake.output.networks, strict=True):
    with atomic(target) as part:
        shutil.copyfile(files[seed], part)
