"""Make the table of all utterances of the synthetic voices."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.data import SpokenDigits, Validation
from spikegrad.data.recordings import check_splits
from spikegrad.data.spoken_digits import tabulate
from spikegrad.storage.files import atomic

log = start(snakemake)
table = tabulate(validate(SpokenDigits, snakemake.params.source))
check_splits(table, validate(Validation, snakemake.params.validation))
with atomic(snakemake.output.table) as part:
    table.to_csv(part, index=False)
