"""Merge the spikes of all speakers into a training and a test file in SHD's layout."""

from _job import start
from study.data.encoding import merge
from study.data.recordings import read_recordings

start(snakemake)
merge(
    read_recordings(snakemake.input.table),
    snakemake.input.parts,
    snakemake.params.n_units,
    snakemake.params.duration,
    snakemake.output.train,
    snakemake.output.test,
)
