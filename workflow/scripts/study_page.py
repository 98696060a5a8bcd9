"""Write the page of a study's results, as Markdown and as HTML, beside its tables."""

import json
from pathlib import Path

import yaml

from _job import start
from spikegrad.files import atomic
from study.report.cost import core_hours, software
from study.report.page import page, template_of
from study.report.rendered import as_html
from study.storage.tables import write_table

start(snakemake)
output = snakemake.output
folder = Path(output.page).parent
outcomes = [json.loads(Path(file).read_text()) for file in snakemake.input.get("outcomes", [])]
versions = software(machine for outcome in outcomes for machine in outcome["made"])
for target, settings in ((output.study, snakemake.params.study), (output.software, versions)):
    with atomic(target) as file:
        file.write_text(yaml.safe_dump(settings, sort_keys=False, default_flow_style=None))
write_table(core_hours(Path(snakemake.params.benchmarks)), output.hours, digits=4)
content = page(folder, template_of(folder))
for target, text in ((output.page, content), (output.html, as_html(content))):
    with atomic(target) as file:
        file.write_text(text)
