"""Make the table of all utterances of the synthetic voices."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.data import SpokenDigits, Validation
from spikegrad.data.recordings import check_splits
from spikegrad.data.spoken_digits import tabulate
from spikegrad.storage.tables import write_table

log = start(snakemake)
table = tabulate(validate(SpokenDigits, snakemake.params.source))
check_splits(table, validate(Validation, snakemake.params.validation))
write_table(table, snakemake.output.table)
