"""Judge the claims of a paper's abstract from the study's results."""

from pathlib import Path

from _job import start
from spikegrad.files import atomic
from study.claims.again import judged_again, write_judged
from study.report.claims_page import claims_page
from study.report.rendered import as_html
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
folder = Path(snakemake.output.page).parent
content = claims_page(claims, folder, folder)
for target, text in ((snakemake.output.page, content), (snakemake.output.html, as_html(content))):
    with atomic(target) as file:
        file.write_text(text)
