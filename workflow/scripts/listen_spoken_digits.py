"""Speak all utterances of a voice, and hear them: sounds from espeak-ng, spikes of the cochlea."""

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.data import SpokenDigits
from spikegrad.data.cochlea import Cochlea
from spikegrad.data.listening import labels_of, listen, of_part
from spikegrad.data.membrane import Membrane
from spikegrad.data.recordings import read_table
from spikegrad.data.spoken_digits import spoken

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
