"""Train one network; killed, it goes on from its last epoch."""

import json
from pathlib import Path

import yaml

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.training import ModelSettings
from spikegrad.data.dataset import load
from spikegrad.network import save_network
from spikegrad.storage.files import atomic, digest
from spikegrad.storage.tables import write_table
from spikegrad.storage.tensors import save_tensors
from spikegrad.training.loop import train
from spikegrad.training.run import snapshot_tensors

log = start(snakemake)
data = load(snakemake.input.events, "train")
settings = validate(ModelSettings, snakemake.params.model)
if snakemake.input.winner:
    winner = yaml.safe_load(Path(snakemake.input.winner).read_text())
    settings = settings.with_parameters(winner["parameters"])
settings = settings.with_parameters(snakemake.params.overrides)
neuron, seed = snakemake.wildcards.neuron, int(snakemake.wildcards.seed)
log.info("%s, seed %d: %s", neuron, seed, settings.model_dump_json())
state = Path(snakemake.output.checkpoint).with_name("state.safetensors")
identity = digest([snakemake.input.events], f"{snakemake.params.code} {settings.model_dump_json()}")

run = train(
    settings, neuron, seed, data, load(snakemake.input.events, "validation"), state, identity
)
about = {
    "data": data.name,
    "seed": seed,
    "training": settings.training.model_dump(mode="json"),
    "outcome": run.result(),
}
save_network(snakemake.output.checkpoint, run.network, run.best, about)
save_tensors(snakemake.output.snapshots, snapshot_tensors(run))
write_table(run.table().assign(neuron=neuron, seed=seed), snakemake.output.history)
with atomic(snakemake.output.outcome) as file:
    file.write_text(json.dumps({**run.result(), "made": run.made}, indent=2) + "\n")
state.unlink(missing_ok=True)
