"""Download an archive of recordings, going on where an earlier attempt was cut off."""

from _job import start
from study.data.archives import audio_names
from study.data.download import fetch

start(snakemake)
fetch(snakemake.params.urls, snakemake.output.archive, audio_names)
