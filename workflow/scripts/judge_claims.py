"""Judge the claims of both abstracts from the study's results."""

from pathlib import Path

from _job import start
from spikegrad.claims.judge import judge
from spikegrad.claims.page import claims_page
from spikegrad.claims.results import Tables
from spikegrad.storage.files import atomic
from spikegrad.storage.tables import write_table

log = start(snakemake)
given = {name: list(files) for name, files in snakemake.input.items()}
data = snakemake.params.data
claims, sources = judge(Tables(given), data, snakemake.params.seed)
log.info("\n%s", claims[["id", "case", "estimate", "low", "high", "n", "verdict"]].to_string())
write_table(claims, snakemake.output.table, digits=6)
page = Path(snakemake.output.page)
with atomic(page) as file:
    file.write_text(claims_page(claims, sources, data, page.parent))
