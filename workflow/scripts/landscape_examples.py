"""Follow single samples around the largest and a typical change of each neuron model."""

from pathlib import Path

import pandas as pd

from _job import start
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.landscape.examples import choose, example
from study.landscape.objective import landscape_samples
from study.storage.tables import read_table, write_table

log = start(snakemake)
options = part(LandscapeSettings, snakemake.params.landscape)
changes = read_table(snakemake.input.changes)
files = {(f.parent.name, int(f.stem)): f for f in map(Path, snakemake.input.directions)}
chosen, parts = [], []
for neuron, own in changes.groupby("neuron", sort=False):
    picked = choose(own)
    if not picked:
        log.warning("%s: the census found no change in trained networks", neuron)
    for kind, change in picked.items():
        chosen.append({**change, "kind": kind})
        data = load(snakemake.input.events, snakemake.params.splits[change["seed"]], "train")
        samples = landscape_samples(data, options, change["seed"])
        tables = example(change, files[neuron, change["seed"]], samples, options.examples.points)
        parts.append([table.assign(neuron=neuron, kind=kind) for table in tables])
if not parts:
    raise ValueError("the census found no change at all: raise landscape.census.*.reach")
others = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
for table, file in zip((pd.DataFrame(chosen), *others), snakemake.output, strict=True):
    write_table(table, file)
