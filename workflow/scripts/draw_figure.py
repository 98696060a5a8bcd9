"""Draw a figure, by the function of its entry in study.parts."""

from _job import start
from study.style import drawn, save

start(snakemake)
picture = snakemake.params.picture
save(drawn(picture["functions"], picture["inputs"], picture["settings"]), snakemake.output)
