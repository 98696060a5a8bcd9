"""Find the states and directions of one seed's landscapes, for all neuron models."""

from pathlib import Path

import pandas as pd

from _job import start
from spikegrad.settings import part
from study.config.landscape import N_PRINCIPAL, LandscapeSettings
from study.data.dataset import load
from study.landscape.directions import centre, n_principal, save_centres
from study.landscape.objective import Objective, landscape_samples
from study.landscape.states import equal_loss, load_run, snapshot_losses, states
from study.storage.tables import write_table

log = start(snakemake)
options = part(LandscapeSettings, snakemake.params.landscape)
seed = int(snakemake.wildcards.seed)
data = landscape_samples(
    load(snakemake.input.events, snakemake.input.split, "train"), options, seed
)
given = snakemake.input
own, active, other = (
    {run.header["neuron"]: run for run in map(load_run, given[checkpoints], given[snapshots])}
    for checkpoints, snapshots in (
        ("checkpoints", "snapshots"),
        ("active_checkpoints", "active_snapshots"),
        ("other_checkpoints", "other_snapshots"),
    )
)
objectives = {neuron: Objective(run.network, data) for neuron, run in own.items()}
losses = {neuron: snapshot_losses(run, objectives[neuron]) for neuron, run in own.items()}
level = equal_loss(losses.values())
main = n_principal([*own.values(), *active.values()])
if main < N_PRINCIPAL:
    fewer = f"{main} of {N_PRINCIPAL} principal directions"
    log.warning("seed %d: a network failed early, so that only %s exist", seed, fewer)
table = []
for file in snakemake.output.directions:
    neuron = Path(file).parent.name
    objective = objectives[neuron]
    here = states(own[neuron], losses[neuron], level, active[neuron])
    # The other seed's trained network stands for its state of equal activity, which it may lack.
    there_losses = snapshot_losses(other[neuron], objective)
    there = states(other[neuron], there_losses, level, other[neuron])
    centres = {s: centre(s, here[s], there[s], objective, main) for s in here}
    save_centres(file, own[neuron], centres)
    for point in centres.values():
        facts = {key: value for key, value in point.about.items() if key != "directions"}
        log.info(facts)
        table.append(facts)
write_table(pd.DataFrame(table), snakemake.output.states)
