"""Judge the claims of a paper's abstract from the study's results."""

from pathlib import Path

from _job import start
from spikegrad.files import atomic
from study.claims.again import judged_again, write_judged
from study.report.claims_page import claims_page
from study.storage.tables import write_table

log = start(snakemake)
judged, about = Path(snakemake.output.judged), snakemake.params
write_judged(
    judged,
    about.tables,
    paper=about.paper,
    data=about.data,
    criteria=about.criteria,
    seed=about.seed,
)
claims = judged_again(judged)
log.info("\n%s", claims[["id", "case", "estimate", "low", "high", "n", "verdict"]].to_string())
write_table(claims, snakemake.output.table, digits=6)
page = Path(snakemake.output.page)
with atomic(page) as file:
    file.write_text(claims_page(claims, snakemake.params.home, page.parent, page.parent))
