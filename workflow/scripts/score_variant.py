"""Score and measure the networks of one variant and neuron model."""

import pandas as pd

from _job import start
from spikegrad.network import load_network
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import exchanged, load
from study.data.prepare import SPLITS
from study.storage.tables import write_table
from study.training.robustness import robustness
from study.training.summary import accuracy_by_speaker
from study.variants import ROBUST, ROUGH, RUN, SCORED, SPEAKERS, rough, score

log = start(snakemake)
params, files = snakemake.params, snakemake.input
options = part(LandscapeSettings, params.landscape)
splits = [load(files.events, name) for name in SPLITS]
rows, speakers, robust = [], [pd.DataFrame(columns=SPEAKERS)], [pd.DataFrame(columns=ROBUST)]
for case, checkpoint, history in zip(params.cases, files.checkpoints, files.histories, strict=True):
    new = case["test_speakers"]
    train, validation, test = exchanged(*splits, new) if new else splits
    row, samples = score(checkpoint, history, train, validation, test)
    network, about = load_network(checkpoint)
    row |= {"search": about["search"], "change": params.change, **case}
    rows.append(row)
    if samples.empty:
        continue
    run = {name: row[name] for name in RUN}
    speakers.append(accuracy_by_speaker(samples.assign(**run), SPEAKERS[:-2]))
    if "robustness" in params.measures:
        table = robustness(network, test, train).rename(columns={"change": "sample_change"})
        robust.append(table.assign(**run)[[*ROBUST]])
    if "roughness" in params.measures:
        row |= rough(network, train, options, row["seed"])

measured = ROUGH if "roughness" in params.measures else ()
drawn = [name for name in ("draw",) if name in rows[0]]
runs = pd.DataFrame(rows, columns=[*SCORED, *measured, *drawn])
runs = runs.astype({"search": "Int64", "best_epoch": "Int64"})
write_table(runs, snakemake.output.runs)
for tables, output in (
    (speakers, snakemake.output.speakers),
    (robust, snakemake.output.robustness),
):
    write_table(pd.concat(tables[1:] or tables, ignore_index=True), output)
