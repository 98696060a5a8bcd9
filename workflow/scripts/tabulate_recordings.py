"""Make the table of anyone's recordings, and check it against the files."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.data import Recordings, Validation
from spikegrad.data.recordings import check_splits, tabulate
from spikegrad.storage.tables import write_table

log = start(snakemake)
table = tabulate(validate(Recordings, snakemake.params.source), snakemake.input.sounds)
check_splits(table, validate(Validation, snakemake.params.validation))
write_table(table, snakemake.output.table)
log.info("%d recordings by %d speakers", len(table), table["speaker"].nunique())
