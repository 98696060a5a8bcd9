"""Draw a figure, by the function of its entry in study.parts."""

from pathlib import Path

from _job import start
from spikegrad.files import atomic
from study.calls import Given, named
from study.style import save

start(snakemake)
picture = snakemake.params.picture
settings = {"data": snakemake.params.data, **picture["settings"]}
drawn = Given(picture["inputs"], settings).call(named(picture["functions"]))
if isinstance(drawn, str):  # a page of HTML
    with atomic(Path(snakemake.output[0])) as file:
        file.write_text(drawn)
else:
    save(drawn, snakemake.output)
