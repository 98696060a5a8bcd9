"""Where a winner lies in the space that was searched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import getitem
from typing import Any

from spikegrad.settings import ConfigError
from study.config.search import Choice, Range
from study.config.training import ModelSettings

MARGIN = 0.05
"""Share of a range that counts as its end."""


def placed(space: Sequence[Range | Choice], settings: ModelSettings) -> dict[str, dict[str, Any]]:
    """For each parameter of ``space``, its value in ``settings``, its position, and if at a bound.

    Positions are those of :func:`position`; choices have none. What the model lacks is left out.
    """
    values, places = settings.model_dump(mode="json"), {}
    for parameter in space:
        if settings.lacks(parameter.key):
            continue
        value: Any = reduce(getitem, parameter.key.split("."), values)
        where, at_bound = None, False
        if isinstance(parameter, Range) and (where := position(parameter, value)) is not None:
            at_bound = (where < MARGIN and not _natural(parameter, -1, settings)) or (
                where > 1 - MARGIN and not _natural(parameter, 1, settings)
            )
        places[parameter.key] = {"value": value, "position": where, "at_bound": at_bound}
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


def _natural(parameter: Range, side: int, settings: ModelSettings) -> bool:
    """Whether nothing lies beyond the lower (-1) or upper (1) bound: it is 0, or the setting has
    no value there."""
    bound = parameter.high if side > 0 else parameter.low
    beyond = int(bound) + side if parameter.integer else bound + side * 1e-3 * abs(bound)
    try:
        settings.with_parameters({parameter.key: beyond})
    except ConfigError:
        return True
    return bound == 0
