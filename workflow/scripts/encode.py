"""Turn the sounds of some speakers into spikes of the cochlea."""

from _job import start
from spikegrad.cochlea import Cochlea
from spikegrad.membrane import Membrane
from study.data.encoding import encode, labels_of, of_part, recorded
from study.data.recordings import read_recordings

start(snakemake)
params = snakemake.params
table = read_recordings(snakemake.input.table)
rows = of_part(table, int(snakemake.wildcards.part), params.n_parts)
cochlea = Cochlea(Membrane.load(snakemake.input.membrane))
if params.spoken:
    from study.data.speech import spoken  # GPL: where it is used, and nowhere else

    sounds = spoken(rows)
else:
    sounds = recorded(rows, snakemake.input.sounds, cochlea.sample_rate)
encode(rows, sounds, cochlea, params.duration, labels_of(table), snakemake.output.spikes)
