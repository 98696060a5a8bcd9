"""Make the table of the Heidelberg Digits, and check it against the files."""

from _job import start
from spikegrad.settings import validate
from study.config.data import HeidelbergDigits, Validation
from study.data.heidelberg_digits import tabulate
from study.data.recordings import check_splits
from study.storage.tables import write_table

log = start(snakemake)
table = tabulate(validate(HeidelbergDigits, snakemake.params.source), snakemake.input.sounds)
check_splits(table, validate(Validation, snakemake.params.validation))
write_table(table, snakemake.output.table)
log.info("%d recordings by %d speakers", len(table), table["speaker"].nunique())
