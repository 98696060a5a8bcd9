"""The table and the figure of learned delays, from snapshots of two trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

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
