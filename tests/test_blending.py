"""Blended utterances: what a blend is made of, and that batches do not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
import torch

from spikegrad.spikes import SpikeTrains
from study.training.batches import Blender
from trainings import N_UNITS, TRAIN


def events(spikes: SpikeTrains, sample: int, shift: float = 0.0) -> list[tuple[float, int]]:
    own = spikes.select(torch.tensor([sample]))
    times = (own.times + shift).tolist()
    return list(zip(times, own.units.tolist(), strict=True))


def rounded(pairs: Iterable[tuple[float, int]]) -> Counter:
    return Counter((round(time, 12), unit) for time, unit in pairs)


def blender(share: float) -> Blender:
    return Blender(share, TRAIN, torch.Generator().manual_seed(0))


def test_a_blend_has_every_second_spike_of_two_aligned_utterances_of_a_class():
    blend = blender(1.0)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    blended = blend(order)
    blended.check(N_UNITS)
    for place, sample in enumerate(order.tolist()):
        other = int(blend.others[sample])
        assert other != sample
        assert TRAIN.labels[other] == TRAIN.labels[sample]
        own, partner = events(TRAIN.spikes, sample), events(TRAIN.spikes, other)
        shift = sum(t for t, _ in own) / len(own) - sum(t for t, _ in partner) / len(partner)
        moved = [(t + shift, unit) for t, unit in partner[1::2]]
        expected = own[::2] + [p for p in moved if 0 <= p[0] <= TRAIN.spikes.duration]
        assert rounded(events(blended, place)) == rounded(expected)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_share_is_blended_and_the_rest_unchanged_in_any_batches(share: float):
    blend, indices = blender(share), torch.arange(40)
    blended = blend(indices)
    parts = SpikeTrains.concatenate([blend(batch) for batch in indices.split(7)])
    assert torch.equal(parts.times, blended.times)
    assert torch.equal(parts.units, blended.units)
    changed = [events(blended, k) != events(TRAIN.spikes, k) for k in range(40)]
    assert changed == blend.blended.tolist()
    assert sum(changed) == pytest.approx(40 * share, abs=10 * share)
