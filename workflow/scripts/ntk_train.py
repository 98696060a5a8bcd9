"""Train some blocks of an experiment's networks and record their outputs and kernels."""

import shutil
from pathlib import Path

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.ntk import NTKExperiment, NTKProblem
from spikegrad.ntk.experiments import train_cells
from spikegrad.storage.files import atomic, digest

log = start(snakemake)
params = snakemake.params
experiment = validate(NTKExperiment, params.experiment)
table = train_cells(
    validate(NTKProblem, params.problem),
    experiment,
    experiment.jobs()[int(snakemake.wildcards.job)],
    Path(params.checkpoints),
    params.checkpoint_every,
    digest([], f"{params.code} {params.problem} {params.experiment}"),
)
with atomic(snakemake.output.networks) as file:
    table.to_parquet(file)
shutil.rmtree(params.checkpoints)
