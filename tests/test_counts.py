"""An event with a count against as many events of its time and unit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import DAILY, EVERY, random_counts, random_layer, random_spikes, repeated
from spikegrad import SpikeError, SpikeTrains, collate
from spikegrad.activity import spike_counts
from spikegrad.layers import SpikingLayer
from spikegrad.readouts import IntegratedReadout, MaximumReadout
from study.training.batches import Blender, moved
from study.training.robustness import changed
from trainings import DURATION, N_UNITS, dataset

seeds = st.integers(0, 2**16)
some = settings(max_examples=10)
kinds = {
    "drive": st.sampled_from([0.0, 0.5]),
    "recurrent": st.booleans(),
}
close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-11)


def copied(values: torch.Tensor, spikes: SpikeTrains) -> torch.Tensor:
    """Sum over each event's copies of ``values``, one for each spike."""
    events = torch.repeat_interleave(torch.arange(len(spikes.times)), spikes.multiplicities)
    return values.new_zeros(len(spikes.times)).index_add(0, events, values)


def spikes_of(batch: SpikeTrains) -> list[Counter]:
    """The spikes of each sample, whatever events they come in."""
    alone = [repeated(batch[b]) for b in range(len(batch))]
    return [Counter(zip(s.times.tolist(), s.units.tolist(), strict=True)) for s in alone]


def loss_of(out: SpikeTrains, state: tuple[torch.Tensor, ...]) -> torch.Tensor:
    waves = torch.cos(out.times / 0.02 + out.units + out.samples)
    return waves.sum() + 0.01 * sum(torch.sin(variable).sum() for variable in state)


def run(layer: SpikingLayer, spikes: SpikeTrains) -> tuple[SpikeTrains, list[torch.Tensor]]:
    """The layer's spikes and the gradients of its weights and of the input times."""
    times = spikes.times.clone().requires_grad_()
    out, state = layer.run(replace(spikes, times=times))
    return out, list(torch.autograd.grad(loss_of(out, state), [*layer.parameters(), times]))


@pytest.mark.parametrize("neuron", EVERY)
@some
@given(seed=seeds, clip=st.sampled_from([None, 0.5]), **kinds)
def test_a_layer_does_with_counts_what_it_does_with_copies(seed, clip, neuron, drive, recurrent):
    spikes = random_counts(seed, n_samples=5)
    copies = repeated(spikes)
    layer = random_layer(neuron, copies, recurrent=recurrent, seed=seed, drive=drive, scale=1.5)
    layer.sample_clip = clip
    out, gradients = run(layer, spikes)
    expected, wanted = run(layer, copies)
    assert torch.equal(out.units, expected.units)
    assert torch.equal(out.offsets, expected.offsets)
    torch.testing.assert_close(out.times, expected.times, rtol=0, atol=1e-12)
    assert out.counts is None
    close(gradients[:-1], wanted[:-1])
    close(gradients[-1], copied(wanted[-1], spikes))


@pytest.mark.parametrize("neuron", DAILY)
@some
@given(seed=seeds, **kinds)
def test_counts_of_one_change_no_bit(seed, neuron, drive, recurrent):
    spikes = random_spikes(seed)
    layer = random_layer(neuron, spikes, recurrent=recurrent, dtype=torch.float32, drive=drive)
    out, gradients = run(layer, replace(spikes, counts=torch.ones_like(spikes.units)))
    expected, wanted = run(layer, spikes)
    assert torch.equal(out.times, expected.times)
    assert all(map(torch.equal, gradients, wanted))


@pytest.mark.parametrize("neuron", EVERY)
def test_few_channels_initial_weights_and_traces(neuron):
    """As many channels as make a backward pass leave out those without an event."""
    spikes = random_counts(1, n_samples=2)
    copies = repeated(spikes)
    layer, other = (random_layer(neuron, s, 700, dtype=torch.float64) for s in (spikes, copies))
    assert torch.equal(layer.weight, other.weight)
    close(run(layer, spikes)[1][0], run(layer, copies)[1][0])
    times = np.linspace(0, spikes.duration, 101)
    traces = [layer.trace(s, 1, 3, times) for s in (spikes, copies)]
    np.testing.assert_allclose(np.arctan(traces[0]), np.arctan(traces[1]), rtol=0, atol=1e-8)


@pytest.mark.parametrize("neuron", EVERY)
def test_a_huge_count_is_a_strong_weight(neuron):
    """The bound of the largest current counts it, by which steps are split."""
    layer = SpikingLayer(1, 3, neuron, dtype=torch.float64)
    weight = torch.tensor([[0.5, -0.3, 0.01]], dtype=torch.float64)
    outs = []
    for count in (1, 1000):
        layer.weight.data = weight * (1000 / count)
        spikes = SpikeTrains.from_arrays([[0.01, 0.02]], [[0, 0]], 0.3, [[count, count]])
        outs.append(layer(spikes))
    assert len(outs[0].times) > 3
    assert torch.equal(outs[0].units, outs[1].units)
    close(outs[0].times, outs[1].times)


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
        close((logits, by_weight, by_time), (expected, wanted, copied(by_copy, spikes)))
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


def test_wrong_counts_are_named():
    with pytest.raises(SpikeError, match=r"sample 1: a count is below 1 \(event 0"):
        SpikeTrains.from_arrays([[0.1], [0.2]], [[0], [1]], 1.0, [[1], [0]])
    with pytest.raises(SpikeError, match="sample 0: times and counts must be lists of equal"):
        SpikeTrains.from_arrays([[0.1]], [[0]], 1.0, [[1, 2]])
    with pytest.raises(SpikeError, match="times of 1 samples, counts of 2"):
        SpikeTrains.from_arrays([[0.1]], [[0]], 1.0, [[1], [2]])
    one, other = (SpikeTrains.from_arrays([[0.1]], [[0]], end) for end in (1.0, 2.0))
    with pytest.raises(SpikeError, match=r"durations \[1.0, 2.0\] s cannot"):
        SpikeTrains.concatenate([one, other])


def test_augmentation_and_thinning_treat_counts_as_copies():
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
                spikes_of(changed(batch, N_UNITS, "share of spikes kept", 0.5)),
            ]
        )  # fmt: skip
    assert found[0] == found[1]
