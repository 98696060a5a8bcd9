"""Write all of a study in one file for the browser."""

from pathlib import Path

from _job import start
from spikegrad.files import atomic
from study.report.whole import Item, whole

start(snakemake)
params = snakemake.params
folder = Path(snakemake.output.report).parent
with atomic(snakemake.output.report) as file:
    file.write_text(whole(folder, params.data, [Item(*item) for item in params.shown]))
