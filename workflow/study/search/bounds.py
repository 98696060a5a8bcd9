"""Where a winner lies in the space that was searched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from spikegrad.settings import ConfigError
from study.config.search import Choice, Range
from study.config.training import ModelSettings

MARGIN = 0.05
"""Share of a range that counts as its end."""


def placed(space: Sequence[Range | Choice], settings: ModelSettings) -> dict[str, dict[str, Any]]:
    """For each parameter of ``space``, its value in ``settings``, its position, and if at a bound.

    Positions are those of :func:`position`; choices have none.
    """
    places = {}
    for parameter in space:
        value = _value(settings, parameter.key)
        where = None if isinstance(parameter, Choice) else position(parameter, value)
        places[parameter.key] = {
            "value": value,
            "position": where,
            "at_bound": isinstance(parameter, Range) and at_bound(parameter, where, settings),
        }
    return places


def position(parameter: Range, value: float | None) -> float | None:
    """Where ``value`` lies between the bounds, 0 to 1 in the scale that is searched.

    A configured value may lie outside; one that switches a setting off (null) lies nowhere, as does
    one that a logarithmic scale does not have.
    """
    if value is None or (parameter.log and value <= 0):
        return None
    scale = math.log if parameter.log else float
    low, high = scale(parameter.low), scale(parameter.high)
    return (scale(value) - low) / (high - low)


def at_bound(parameter: Range, where: float | None, settings: ModelSettings) -> bool:
    """Whether a position is within :data:`MARGIN` of an end beyond which the search could go on.

    An end at 0, or beyond which the setting has no value, is a natural one: nothing lies there.
    """
    if where is None:
        return False
    near_low = where < MARGIN and not _natural(parameter, parameter.low, -1, settings)
    near_high = where > 1 - MARGIN and not _natural(parameter, parameter.high, 1, settings)
    return near_low or near_high


def _natural(parameter: Range, bound: float, side: int, settings: ModelSettings) -> bool:
    beyond = int(bound) + side if parameter.integer else bound + side * 1e-3 * abs(bound)
    try:
        settings.with_parameters({parameter.key: beyond})
    except ConfigError:
        return True
    return bound == 0


def _value(settings: ModelSettings, key: str) -> Any:
    value: Any = settings.model_dump(mode="json")
    for name in key.split("."):
        value = value[name]
    return value
