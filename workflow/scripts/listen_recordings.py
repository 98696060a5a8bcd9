"""Hear the recordings of some speakers: sounds from files, spikes of the cochlea."""

from _job import start
from study.data.cochlea import Cochlea
from study.data.listening import labels_of, listen, of_part, recorded
from study.data.membrane import Membrane
from study.data.recordings import read_table

log = start(snakemake)
params = snakemake.params
table = read_table(snakemake.input.table)
rows = of_part(table, int(snakemake.wildcards.part), params.n_parts)
membrane = Membrane.load(snakemake.input.membrane)
listen(
    rows,
    recorded(rows, snakemake.input.sounds, membrane.sample_rate),
    Cochlea(membrane),
    params.duration,
    params.seed,
    labels_of(table),
    snakemake.output.spikes,
)
