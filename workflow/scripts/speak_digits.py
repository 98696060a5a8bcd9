"""Speak all utterances of one voice and turn them into spikes."""

import numpy as np

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.data import SpokenDigits
from spikegrad.data.spoken_digits import speak_voice

log = start(snakemake)
speak_voice(
    validate(SpokenDigits, snakemake.params.spoken_digits),
    snakemake.wildcards.voice,
    np.load(snakemake.input.transfer),
    snakemake.params.duration,
    snakemake.output.spikes,
)
