"""Write all of a study in one file for the browser."""

from pathlib import Path

from _job import start
from spikegrad.files import atomic
from study.report.whole import Item, whole

start(snakemake)
params = snakemake.params
captions = Path(params.captions)
items = [
    Item(category, content, file, (captions / f"{caption}.rst").read_text() if caption else "")
    for category, content, file, caption in params.shown
]
folder = Path(snakemake.output.report).parent
with atomic(snakemake.output.report) as file:
    file.write_text(whole(folder, params.data, items))
