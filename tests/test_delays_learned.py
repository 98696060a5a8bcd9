"""The table and the figure of learned delays, from snapshots of two trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from smoke import edited, snakemake
from spikegrad.saving import save_tensors
from study.training.learned_delays import DELAYS_TABLE, delays
from study.training.run import snapshot_tensors
from trainings import LEARNED, run


def test_delays_are_those_before_training_and_after_it(tmp_path: Path):
    runs, results = [], {}
    for neuron, seed in (("lif", 3), ("qif", 4)):
        result = run(tmp_path / neuron, neuron, **LEARNED, layers=[6, 4])
        save_tensors(tmp_path / f"{neuron}.safetensors", snapshot_tensors(result))
        runs.append((neuron, seed))
        results[neuron] = result
    table = delays([tmp_path / f"{neuron}.safetensors" for neuron, _ in runs], runs)
    assert list(table.columns) == list(DELAYS_TABLE.columns)
    for neuron, seed in runs:
        for layer, of, shape in ((1, "input", (2, 36)), (2, "recurrent", (2, 4))):
            own = table[(table["neuron"] == neuron) & (table["layer"] == layer)]
            own = own[own["of"] == of]
            assert set(own["seed"]) == {seed}
            name = f"hidden.{layer - 1}.{of}_delay"
            for column, epoch in (("before", 0), ("after", 4)):
                values = results[neuron].snapshots[epoch][name]
                assert values.shape == shape
                np.testing.assert_array_equal(own[column], values.flatten())


def test_a_study_keeps_the_delays_that_its_networks_learn(finished: Path, tmp_path: Path):
    project = edited(finished, tmp_path)
    overlay = {
        "network": {"delays": {"kind": "axonal"}}, "neurons": {"qif": None},
        "search": None, "measures": [], "variants": None, "landscape": {"seeds": []},
    }  # fmt: skip
    (project / "delays.yaml").write_text(yaml.safe_dump(overlay))
    training = project / "results/spoken-digits-smoke/training"
    folder = training / "learned"
    run = snakemake(project, "delays.yaml", "--", str(folder.relative_to(project)))
    assert run.returncode == 0, run.stdout + run.stderr
    table = pd.read_parquet(folder / "delays.parquet")
    sizes = table.groupby(["neuron", "seed", "of"]).size().to_dict()
    kinds = (("input", 70), ("recurrent", 8))
    assert sizes == {("lif", seed, of): n for seed in range(4) for of, n in kinds}
    assert (table["before"] != table["after"]).any()
