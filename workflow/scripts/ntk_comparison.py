"""Compare trained ensembles with regression with the SG-NTK and with other kernels."""

import pandas as pd

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.ntk import NTKExperiment, NTKProblem
from spikegrad.ntk.comparison import distances, predictions, spreads, trends
from spikegrad.storage.files import atomic

log = start(snakemake)
problem = validate(NTKProblem, snakemake.params.problem)
experiments = [validate(NTKExperiment, e) for e in snakemake.params.experiments]
out, n = snakemake.output, snakemake.params.n_resamples
outputs = zip(experiments, out.predictions, out.distances, out.spreads, out.trends, strict=True)
for experiment, predictions_file, *table_files in outputs:
    files = [name for name in snakemake.input.networks if f"/{experiment.name}/" in name]
    networks = pd.concat(map(pd.read_parquet, files), ignore_index=True)
    predicted = predictions(problem, experiment)
    tables = [find(networks, predicted, problem, n) for find in (distances, spreads, trends)]
    last = tables[0][tables[0].step == tables[0].step.max()]
    log.info("%s, after training:\n%s", experiment.name, last.to_string())
    with atomic(predictions_file) as file:
        predicted.to_parquet(file)
    for table, path in zip(tables, table_files, strict=True):
        with atomic(path) as file:
            table.to_csv(file, index=False)
