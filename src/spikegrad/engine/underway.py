"""Spikes on their way to the layer's own neurons: a binary heap by the time of arrival.

It is an array [capacity, 3] of float64: the time of arrival in seconds, the number of the spike,
and its row of recurrent weights. None comes earlier than the one at (place - 1) // 2. What arrives
together does so in the order of the spikes, then of the rows.
"""

from __future__ import annotations

from spikegrad.engine import njit
from spikegrad.engine.rows import INLINED


@njit(**INLINED)
def comes_before(heap, place, time, spike, row):
    """Whether that at ``place`` comes before another."""
    if heap[place, 0] != time:
        return heap[place, 0] < time
    return heap[place, 1] < spike or (heap[place, 1] == spike and heap[place, 2] < row)


@njit(**INLINED)
def put(heap, place, time, spike, row):
    heap[place, 0], heap[place, 1], heap[place, 2] = time, spike, row


@njit(**INLINED)
def move(heap, source, target):
    put(heap, target, heap[source, 0], heap[source, 1], heap[source, 2])


@njit(**INLINED)
def push(heap, size, time, spike, row):
    """Add to a heap of ``size``."""
    place = size
    while place > 0:
        parent = (place - 1) // 2
        if comes_before(heap, parent, time, spike, row):
            break
        move(heap, parent, place)
        place = parent
    put(heap, place, time, spike, row)


@njit(**INLINED)
def pop(heap, size):
    """Remove the first, so that ``size`` remain: the last takes its place, and sinks."""
    time, spike, row = heap[size, 0], heap[size, 1], heap[size, 2]
    place, child = 0, 1
    while child < size:
        other = child + 1
        if other < size and comes_before(
            heap, other, heap[child, 0], heap[child, 1], heap[child, 2]
        ):
            child = other
        if not comes_before(heap, child, time, spike, row):
            break
        move(heap, child, place)
        place, child = child, 2 * child + 1
    put(heap, place, time, spike, row)
