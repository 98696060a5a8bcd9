"""Write the study's first page: what it found, and what to open next."""

from pathlib import Path

from _job import start
from spikegrad.report.overview import overview_page
from spikegrad.storage.files import atomic
from spikegrad.storage.tables import read_table

log = start(snakemake)
figure = snakemake.input.get("figure")
content = overview_page(
    snakemake.params.data,
    read_table(snakemake.input.summary),
    read_table(snakemake.input.runs),
    read_table(snakemake.input.claims),
    Path(figure) if figure else None,
    snakemake.params.places,
)
with atomic(snakemake.output.page) as file:
    file.write_text(content)
