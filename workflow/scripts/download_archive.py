"""Download an archive of recordings, going on where an earlier attempt was cut off."""

from _job import start
from spikegrad.settings import validate
from study.config.data import Archive
from study.data.web import fetch

log = start(snakemake)
settings = {"urls": snakemake.params.urls, "attempts": snakemake.resources.attempts}
fetch(validate(Archive, settings), snakemake.output.archive)
