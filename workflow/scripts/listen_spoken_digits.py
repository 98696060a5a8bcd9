"""Speak all utterances of a voice, and hear them: sounds from espeak-ng, spikes of the cochlea."""

from _job import start
from spikegrad.settings import validate
from study.config.data import SpokenDigits
from study.data.cochlea import Cochlea
from study.data.listening import labels_of, listen, of_part
from study.data.membrane import Membrane
from study.data.recordings import read_table
from study.data.spoken_digits import spoken

log = start(snakemake)
params = snakemake.params
table = read_table(snakemake.input.table)
rows = of_part(table, int(snakemake.wildcards.part), params.n_parts)
listen(
    rows,
    spoken(rows, validate(SpokenDigits, params.source)),
    Cochlea(Membrane.load(snakemake.input.membrane)),
    params.duration,
    params.seed,
    labels_of(table),
    snakemake.output.spikes,
)
