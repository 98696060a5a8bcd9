"""What the formulas alone say: the target, limits of steep activations, inputs off the circle."""

from _job import start
from spikegrad.settings import validate
from study.config.ntk import AnalyticConfig, NTKProblem, OffCircleConfig
from study.ntk.limits import diagonals, naive_regression, off_circle, problem_rows
from study.storage.tables import write_table

start(snakemake)
settings = validate(NTKProblem, snakemake.params.problem)
analytic = validate(AnalyticConfig, snakemake.params.analytic)
setup = validate(OffCircleConfig, snakemake.params.off_circle)
out = snakemake.output
write_table(problem_rows(settings), out.problem)
write_table(diagonals(settings, analytic), out.diagonals)
write_table(naive_regression(settings, analytic), out.naive_regression)
write_table(off_circle(setup), out.off_circle)
