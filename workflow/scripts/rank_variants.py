"""How well short trainings of points that are drawn rank what the long ones do."""

import pandas as pd

from _job import start
from study.storage.tables import write_table
from study.variants import ranks, read_runs

start(snakemake)
tables = [ranks(read_runs(file)) for file in snakemake.input.tables]
write_table(pd.concat(tables), snakemake.output.ranks, digits=6)
