"""Say which samples an outer fold tests with, and which its inner folds hold out."""

from _job import start
from spikegrad.settings import validate
from study.config.data import OWN, Validation
from study.data.layout import ORIGINS, prepared
from study.data.splits import for_testing, split
from study.storage.tables import write_table

start(snakemake)
params, name = snakemake.params, snakemake.wildcards.fold
fold = None if name == OWN else int(name.removeprefix("fold"))
with prepared(snakemake.input.events) as file:
    labels, speakers, origins = (file[name][()] for name in ("labels", "speakers", "origin"))
if fold is None:
    test = origins == ORIGINS.index("test")
else:
    test = for_testing(speakers, params.size, params.n_folds, fold)
options = validate(Validation, params.validation)
write_table(split(labels, speakers, origins, test, options, fold), snakemake.output.split)
