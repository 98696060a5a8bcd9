"""The event engine: runs spiking layers exactly from event to event, and their adjoint back."""

from spikegrad.engine.compiler import njit

__all__ = ["njit"]
