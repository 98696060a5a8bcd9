"""Write the loss surfaces of both neuron models as a page to turn and to read values from."""

from _job import start
from spikegrad.files import atomic
from study.report.surfaces_page import surfaces_page
from study.storage.tables import read_table

start(snakemake)
planes = read_table(snakemake.input.planes)
planes = planes[planes["seed"] == snakemake.params.seed]
with atomic(snakemake.output[0]) as file:
    file.write_text(surfaces_page(planes, snakemake.params.data))
