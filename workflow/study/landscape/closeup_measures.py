"""How rough close-ups are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.landscape.fragmentation import persistence
from study.storage.columns import Table, shared

SHALLOW = 0.01
"""Minima that are no deeper than this share of the plane's range of losses do not count."""

CLOSEUP_MEASURES_TABLE = Table(
    files=("landscape/summary/closeup_measures.csv",),
    says="How rough the close-ups are.",
    columns={
        **shared("neuron", "seed"),
        "reach": "largest relative distance along both axes",
        "of": "which samples: the mean of several, or one of them",
        "range": "of the losses on the plane, in nats",
        "minima": f"minima deeper than {100 * SHALLOW:g} % of that range, the lowest left out",
        "turn": "median angle between the slopes at neighbouring points, in degrees",
        "norm": "median length of the gradient, nats per relative distance",
        "norm_spread": "its ninth decile over its first",
        "finite": "share of the plane on which they are not missing",
    },
)


def closeup_measures(closeups: pd.DataFrame) -> pd.DataFrame:
    """A row for each plane of :func:`closeups`. What diverges is a wall around the rest."""
    rows = []
    for key, own in closeups.groupby(["neuron", "seed", "reach", "of"], sort=False):
        columns = {
            name: own.pivot_table(index="y", columns="x", values=name, dropna=False).to_numpy()
            for name in ("loss", "slope_x", "slope_y", "norm")
        }
        loss, norm = columns["loss"], columns["norm"]
        finite = np.isfinite(loss)
        extent = float(np.ptp(loss[finite]))
        depths = persistence(np.where(finite, loss, loss[finite].max()))[1:]
        low, middle, high = np.quantile(norm[finite], [0.1, 0.5, 0.9])
        rows.append(
            {
                **dict(zip(("neuron", "seed", "reach", "of"), key, strict=True)),
                "range": extent,
                "minima": int((depths > SHALLOW * extent).sum()),
                "turn": turn(columns["slope_x"], columns["slope_y"]),
                "norm": float(middle),
                "norm_spread": float(high / low),
                "finite": float(finite.mean()),
            }
        )
    return pd.DataFrame(rows)


def turn(slope_x: np.ndarray, slope_y: np.ndarray) -> float:
    """Median angle in degrees between slopes at neighbouring points of a plane [n, m]."""
    direction = slope_x + 1j * slope_y
    angles = [
        np.abs(np.angle(after * before.conj(), deg=True)).ravel()
        for after, before in (
            (direction[1:], direction[:-1]),
            (direction[:, 1:], direction[:, :-1]),
        )
    ]
    return float(np.nanmedian(np.concatenate(angles)))
