"""Compare trained ensembles with regression with the SG-NTK and with other kernels."""

import pandas as pd

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.ntk import NTKExperiment, NTKProblem
from spikegrad.files import atomic
from spikegrad.ntk.comparison import distances, predictions

log = start(snakemake)
problem = validate(NTKProblem, snakemake.params.problem)
networks = pd.concat(map(pd.read_parquet, snakemake.input.networks), ignore_index=True)
predicted = predictions(problem, validate(NTKExperiment, snakemake.params.experiment))
table = distances(networks, predicted, problem, snakemake.params.n_resamples)
log.info("after training:\n%s", table[table.step == table.step.max()].to_string())
with atomic(snakemake.output.predictions) as file:
    predicted.to_parquet(file)
with atomic(snakemake.output.distances) as file:
    table.to_csv(file, index=False)
