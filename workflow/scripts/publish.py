"""Copy a study's page, tables, figures and networks to a folder of the repository."""

from pathlib import Path

from _job import start
from study.report.publish import commit_of, publish

log = start(snakemake)
target = Path(snakemake.params.target)
commit = commit_of(Path(snakemake.params.repository))
publish(Path(snakemake.params.results), target, commit)
log.warning("published in %s", target)
