"""Make the table of all utterances of the synthetic voices."""

from _job import start
from spikegrad.settings import validate
from study.config.data import SpokenDigits, Validation
from study.data.recordings import check_splits
from study.data.spoken_digits import tabulate
from study.storage.tables import write_table

log = start(snakemake)
table = tabulate(validate(SpokenDigits, snakemake.params.source))
check_splits(table, validate(Validation, snakemake.params.validation))
write_table(table, snakemake.output.table)
