"""Make the table of recordings, and check it against the files and the settings."""

from _job import start
from spikegrad.settings import validate
from study.config.data import DataConfig
from study.data import heidelberg_digits, recordings
from study.storage.tables import write_table

TABULATE = {
    "heidelberg-digits": heidelberg_digits.tabulate,
    "recordings": recordings.tabulate,
    "spoken-digits": recordings.tabulate_spoken,
}

log = start(snakemake)
data = validate(DataConfig, snakemake.params.data)
table = TABULATE[data.source](data.sounds, snakemake.input.sounds)
recordings.check_splits(table)
write_table(table, snakemake.output.table)
log.info("%d recordings by %d speakers", len(table), table["speaker"].nunique())
