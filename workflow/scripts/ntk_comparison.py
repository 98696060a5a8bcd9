"""Compare trained ensembles with regression with the SG-NTK and with other kernels."""

from _job import start
from spikegrad.settings import validate
from study.config.ntk import NTKExperiment, NTKProblem
from study.ntk import of_experiment
from study.ntk.comparison import distances, predictions, spreads, trends
from study.storage.tables import read_table, write_table

log = start(snakemake)
problem = validate(NTKProblem, snakemake.params.problem)
experiments = [validate(NTKExperiment, e) for e in snakemake.params.experiments]
out, n = snakemake.output, snakemake.params.n_resamples
outputs = zip(experiments, out.predictions, out.distances, out.spreads, out.trends, strict=True)
for experiment, predictions_file, *table_files in outputs:
    networks = read_table(*of_experiment(snakemake.input.networks, experiment.name))
    predicted = predictions(problem, experiment)
    tables = [find(networks, predicted, n) for find in (distances, spreads, trends)]
    last = tables[0][tables[0].step == tables[0].step.max()]
    log.info("%s, after training:\n%s", experiment.name, last.to_string())
    write_table(predicted, predictions_file)
    for table, path in zip(tables, table_files, strict=True):
        write_table(table, path)
