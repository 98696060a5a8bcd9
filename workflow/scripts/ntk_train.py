"""Train some blocks of an experiment's networks and record their outputs and kernels."""

import shutil
from pathlib import Path

from _job import start
from spikegrad.settings import validate
from study.config.ntk import NTKExperiment, NTKProblem
from study.ntk.experiments import train_cells
from study.storage.provenance import digest
from study.storage.tables import write_table

start(snakemake)
params = snakemake.params
experiment = validate(NTKExperiment, params.experiment)
table = train_cells(
    validate(NTKProblem, params.problem),
    experiment,
    experiment.jobs()[int(snakemake.wildcards.job)],
    Path(params.checkpoints),
    digest([], f"{params.code} {params.problem} {params.experiment}"),
)
write_table(table, snakemake.output.networks)
shutil.rmtree(params.checkpoints)
