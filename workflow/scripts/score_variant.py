"""Score and measure the networks of one variant and neuron model."""

import math

import pandas as pd

from _job import start
from spikegrad.network import load_network
from spikegrad.settings import part
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.landscape.roughness import roughness
from study.storage.tables import read_table, write_table
from study.training.evaluation import evaluate
from study.training.summary import SCORES, accuracy_by_speaker, minutes
from study.variants import LENGTH, ROUGH, RUN, SCORED, SPEAKERS

start(snakemake)
params, files, output = snakemake.params, snakemake.input, snakemake.output
options = part(LandscapeSettings, params.landscape)
test = load(files.events, files.split, "test")
train = load(files.events, files.split, "train", inner=0)

rows, speakers = [], []
for to, checkpoint, history in zip(params.to, files.checkpoints, files.histories, strict=True):
    row, samples = evaluate(checkpoint, test, train)
    network, about = load_network(checkpoint)
    curves = read_table(history)
    accuracies = curves.set_index("epoch")["train_accuracy"]
    row |= {"train_accuracy": accuracies.get(row["epochs"], math.nan), "minutes": minutes(curves)}
    row |= {"search": about["search"], "change": params.change, "to": to, "fold": params.fold}
    rows.append(row)
    if row["epochs"] is None:  # no answer, no score
        row |= dict.fromkeys(SCORES, math.nan)
        continue
    run = {name: row[name] for name in RUN}
    speakers.append(accuracy_by_speaker(samples.assign(**run), SPEAKERS[:-2]))
    if "roughness" in params.measures:
        for step in roughness(network, train, options, row["seed"], (LENGTH,)):
            row |= {"turned_clipped": step["turned"]} if step["clipped"] == "yes" else step

measured = ROUGH if "roughness" in params.measures else ()
runs = pd.DataFrame(rows, columns=[*SCORED, *measured])
write_table(runs.astype({"search": "Int64", "epochs": "Int64"}), output.runs)
empty = pd.DataFrame(columns=SPEAKERS)
write_table(pd.concat(speakers or [empty], ignore_index=True), output.speakers)
