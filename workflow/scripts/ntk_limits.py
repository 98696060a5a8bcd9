"""What the formulas alone say: the target, limits of steep activations, inputs off the circle."""

import pandas as pd

from _job import start
from spikegrad.settings import validate
from study.config.ntk import AnalyticConfig, NTKProblem, OffCircleConfig
from study.ntk.limits import diagonals, naive_regression, off_circle
from study.ntk.problem import circle_problem
from study.storage.tables import write_table

log = start(snakemake)
settings = validate(NTKProblem, snakemake.params.problem)
analytic = validate(AnalyticConfig, snakemake.params.analytic)
problem = circle_problem(settings)
points = pd.DataFrame({"angle": problem.places, "target": problem.targets})
points["train"] = points.index.isin(problem.train)
for table, path in (
    (points, snakemake.output.problem),
    (diagonals(settings, analytic), snakemake.output.diagonals),
    (naive_regression(settings, analytic), snakemake.output.naive_regression),
):
    write_table(table, path)
write_table(
    off_circle(settings, validate(OffCircleConfig, snakemake.params.off_circle)),
    snakemake.output.off_circle,
)
