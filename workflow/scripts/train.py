"""Train one network; killed, it goes on from its last epoch."""

import json
from pathlib import Path

from _job import start
from spikegrad.files import atomic
from spikegrad.network import save_network
from spikegrad.saving import save_tensors
from spikegrad.seeds import generator
from spikegrad.settings import validate
from study.config.search import search_seed
from study.config.training import ModelSettings
from study.data.dataset import load
from study.entries import Training
from study.search.selection import best_winner
from study.storage.provenance import digest
from study.storage.tables import write_table
from study.training.loop import train
from study.training.run import snapshot_tensors

log = start(snakemake)
files = [snakemake.input.events, snakemake.input.split]
training = Training(**snakemake.params.training)
data, inner = load(*files, "train", training.inner), training.inner
validation = None if inner is None else load(*files, "validation", inner)
if training.samples:  # as for the trials of the first search
    data = data.draw(training.samples, generator(search_seed(0)))
settings = validate(ModelSettings, training.model)
found = best_winner(snakemake.input.winner)
parameters, finalists = found["parameters"], found["finalists"]
if training.place is not None:  # with fewer finalists than seeds, they are trained in turn
    parameters = finalists[training.place % len(finalists)]
settings = settings.with_parameters(parameters).with_parameters(training.overrides)
neuron, seed = training.neuron, training.seed
log.info("%s, seed %d: %s", neuron, seed, settings.model_dump_json())
state = Path(snakemake.output.checkpoint).with_name("state.safetensors")
choice = [snakemake.params.code, settings.model_dump_json(), inner, training.samples]
identity = digest(files, f"{choice}")

run = train(settings, neuron, seed, data, validation, state, identity)
about = {
    "data": data.name,
    "class_names": list(data.class_names),
    "model": neuron,
    "search": found["search"],
    "seed": seed,
    "training": settings.training.model_dump(mode="json"),
    "outcome": run.result(),
}
save_network(snakemake.output.checkpoint, run.network, about, run.trained)
save_tensors(snakemake.output.snapshots, snapshot_tensors(run))
write_table(run.table().assign(neuron=neuron, seed=seed), snakemake.output.history)
with atomic(snakemake.output.outcome) as file:
    file.write_text(json.dumps({**run.result(), "made": run.made}, indent=2) + "\n")
state.unlink(missing_ok=True)
