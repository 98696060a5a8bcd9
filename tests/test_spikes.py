"""Spike trains from arrays, events and loaders."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from networks import random_spikes
from spikegrad import SpikeError, SpikeTrains, SpikingLayer, collate

SAMPLE = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), max_size=6)


@given(st.lists(SAMPLE, max_size=5))
def test_arrays_come_back_in_order_of_time(samples):
    times = [[t for t, _ in sample] for sample in samples]
    units = [np.array([u for _, u in sample], int) for sample in samples]
    batch = SpikeTrains.from_arrays(times, units, 1.0)
    assert len(batch) == len(samples)
    for own, sample in zip(batch, samples, strict=True):
        expected = sorted(sample, key=lambda event: event[0])  # stable, as ours
        assert list(zip(own.times.tolist(), own.units.tolist(), strict=True)) == expected


def test_slices_are_batches():
    batch = SpikeTrains.from_arrays([[0.1], [0.2, 0.3], []], [[0], [1, 2], []], 1.0)
    assert batch[1:].times.tolist() == [0.2, 0.3]
    assert batch[::-2].sizes.tolist() == [0, 1]
    assert batch[-2].units.tolist() == [1, 2]
    with pytest.raises(IndexError, match="no sample 3"):
        batch[3]


def test_tonics_events_are_microseconds():
    dtype = np.dtype([("t", np.int64), ("x", np.int64), ("p", np.int64)])
    events = [np.array([(250_000, 7, 1), (100_000, 3, 1)], dtype), np.array([], dtype)]
    batch = SpikeTrains.from_events(events, duration=1.0)
    assert batch.times.tolist() == pytest.approx([0.1, 0.25])
    assert batch.units.tolist() == [3, 7]
    with pytest.raises(SpikeError, match="sample 0: events need the fields t and x"):
        SpikeTrains.from_events([np.zeros(3)], 1.0)


def test_a_loader_makes_batches():
    samples = [([0.1 * k], [k], k % 2) for k in range(5)]
    loader = DataLoader(samples, batch_size=2, collate_fn=partial(collate, duration=1.0))
    batches = list(loader)
    assert [len(spikes) for spikes, _ in batches] == [2, 2, 1]
    assert torch.cat([labels for _, labels in batches]).tolist() == [0, 1, 0, 1, 0]
    assert batches[1][0].units.tolist() == [2, 3]


def test_spikes_of_a_layer_know_their_neurons_and_keep_them():
    own = SpikingLayer(6, 5)(random_spikes(0, n_samples=3, n_units=6))
    for made in (own[:1], own.merged(), own.thinned(own.multiplicities), replace(own)):
        assert made.n_units == 5
