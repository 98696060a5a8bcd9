"""An event with a count against as many events of its time and unit; layers are in test_pairs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import random_counts, random_spikes, repeated, sum_of_copies
from spikegrad import SpikeTrains, collate
from spikegrad.activity import spike_counts
from spikegrad.readouts import IntegratedReadout, MaximumReadout
from study.training.batches import Blender, moved
from trainings import DURATION, N_UNITS, dataset

seeds = st.integers(0, 2**16)
some = settings(max_examples=10)
close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-11)


def spikes_of(batch: SpikeTrains) -> list[Counter]:
    """The spikes of each sample, whatever events they come in."""
    alone = [repeated(batch[b]) for b in range(len(batch))]
    return [Counter(zip(s.times.tolist(), s.units.tolist(), strict=True)) for s in alone]


@given(seed=seeds)
@some
def test_readouts_and_numbers_of_spikes_count_copies(seed):
    spikes = random_counts(seed)
    copies = repeated(spikes)
    draw = torch.Generator().manual_seed(seed)
    for readout in (
        IntegratedReadout(20, 3, 0.02, 0.1, dtype=torch.float64),
        MaximumReadout(20, 3, 0.02, dtype=torch.float64),
    ):
        readout.weight.data.normal_(generator=draw)
        weights = torch.randn(3, 3, generator=draw, dtype=torch.float64)
        found = []
        for batch in (spikes, copies):
            times = batch.times.clone().requires_grad_()
            logits = readout(replace(batch, times=times))
            found.append((logits, *torch.autograd.grad((weights * logits).sum(),
                                                       [readout.weight, times])))  # fmt: skip
        (logits, by_weight, by_time), (expected, wanted, by_copy) = found
        close((logits, by_weight, by_time), (expected, wanted, sum_of_copies(by_copy, spikes)))
    assert torch.equal(spike_counts(spikes, 20), spike_counts(copies, 20))


@given(seed=seeds, step=st.sampled_from([1e-9, 1e-3, 0.02, 0.2]))
@some
def test_merged_events_are_the_same_spikes(seed, step):
    spikes = random_spikes(seed, n_units=5)
    grid = replace(spikes, times=torch.round(spikes.times / step) * step)
    merged = grid.merged()
    merged.check(5)
    assert spikes_of(merged) == spikes_of(grid)
    for own in merged:
        cells = list(zip(own.times.tolist(), own.units.tolist(), strict=True))
        assert cells == sorted(set(cells))
    again = merged.merged()
    assert torch.equal(again.times, merged.times)
    assert torch.equal(again.counts, merged.counts)


def test_counts_stay_with_their_events():
    batch = SpikeTrains.from_arrays([[0.2, 0.1], [0.3]], [[0, 1], [2]], 1.0, [[5, 7], [9]])
    assert batch.counts.tolist() == [7, 5, 9]
    assert batch[::-1].counts.tolist() == [9, 7, 5]
    assert batch[1].counts.tolist() == [9]
    plain = SpikeTrains.from_arrays([[0.5]], [[3]], 1.0)
    joined = SpikeTrains.concatenate([batch, plain])
    assert joined.counts.tolist() == [7, 5, 9, 1]
    assert joined.sizes.tolist() == [2, 1, 1]
    assert SpikeTrains.concatenate([plain, plain]).counts is None
    assert batch.thinned(torch.tensor([2, 0, 9])).counts.tolist() == [2, 9]
    collated, labels = collate([([0.2, 0.1], [0, 1], [5, 7], 3), ([0.3], [2], [9], 4)], 1.0)
    assert collated.counts.tolist() == [7, 5, 9]
    assert labels.tolist() == [3, 4]


def test_augmentation_treats_counts_as_copies():
    data = dataset(20, seed=0)
    grid = torch.round(data.spikes.times / 0.01) * 0.01
    spikes = replace(data.spikes, times=grid.clamp(max=DURATION)).merged()
    draw = torch.Generator().manual_seed(0)
    stretches = 0.8 + 0.4 * torch.rand(20, generator=draw, dtype=torch.float64)
    shifts = torch.randint(-4, 5, (20,), generator=draw)
    found = []
    for batch in (spikes, repeated(spikes)):
        blend = Blender(0.5, replace(data, spikes=batch), torch.Generator().manual_seed(0))
        assert blend.blended.any()
        blended = blend(torch.arange(20))
        found.append(
            [
                [Counter({(round(t, 12), u): n for (t, u), n in own.items()})
                 for own in spikes_of(blended)],
                spikes_of(moved(batch, stretches, shifts, N_UNITS)),
            ]
        )  # fmt: skip
    assert found[0] == found[1]
