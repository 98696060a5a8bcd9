"""Compare trained ensembles with regression with the SG-NTK and with other kernels."""

import pandas as pd

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.ntk import NTKExperiment, NTKProblem
from spikegrad.files import atomic
from spikegrad.ntk.comparison import distances, predictions

log = start(snakemake)
problem = validate(NTKProblem, snakemake.params.problem)
experiments = [validate(NTKExperiment, e) for e in snakemake.params.experiments]
outputs = zip(snakemake.output.predictions, snakemake.output.distances, strict=True)
for experiment, (predictions_file, distances_file) in zip(experiments, outputs, strict=True):
    files = [name for name in snakemake.input.networks if f"/{experiment.name}/" in name]
    networks = pd.concat(map(pd.read_parquet, files), ignore_index=True)
    predicted = predictions(problem, experiment)
    table = distances(networks, predicted, problem, snakemake.params.n_resamples)
    last = table[table.step == table.step.max()]
    log.info("%s, after training:\n%s", experiment.name, last.to_string())
    with atomic(predictions_file) as file:
        predicted.to_parquet(file)
    with atomic(distances_file) as file:
        table.to_csv(file, index=False)
