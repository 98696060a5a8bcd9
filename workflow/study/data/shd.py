"""What is published of SHD's statistics, and the same of other spikes beside it.

Rates and channels are read off figures on SHD (Cramer et al. 2020, IEEE TNNLS 33, 2744) within
0.1 kHz; durations are those of its recordings, the Heidelberg Digits.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.data.heidelberg_digits import WORDS

RATES = {
    0: 10.20, 1: 11.75, 2: 7.78, 3: 8.25, 6: 10.10,
    7: 12.50, 8: 12.88, 9: 15.23, 10: 10.68, 11: 11.05,
}  # fmt: skip
"""Spikes per second in kHz, mean over the training samples of each speaker."""
SPIKES = 7860.0
"""Spikes of a training sample: about, the mean of 8,939 for male and 6,704 for female voices."""
CHANNELS = {"mean": 558.0, "sd": 38.0, "1 %": 476.0, "median": 555.0, "99 %": 653.0}
"""Channels that spike in a training sample of an English word."""
DURATIONS = {
    "min": 0.234, "5 %": 0.535, "median": 0.709, "mean": 0.721, "sd": 0.131, "95 %": 0.953,
    "max": 1.372,
}  # fmt: skip
"""Seconds of a recording; here, until the last spike."""


def training(samples: pd.DataFrame) -> pd.DataFrame:
    """The training and validation samples, with their rates (kHz) until the last spike.

    ``samples`` is the table of :func:`study.data.statistics.describe`.
    """
    rows = samples[samples["group"].isin(["train", "validation"])]
    return rows.assign(rate=rows["spikes"] / rows["last_spike"] / 1000)


def english(samples: pd.DataFrame) -> pd.DataFrame:
    """The English words among ``samples``."""
    return samples[samples["class"].isin(WORDS["english"])]


def comparison(samples: pd.DataFrame, merged: bool) -> pd.DataFrame:
    """Each published quantity of SHD, the same of ``samples``, and their difference.

    Where channels are ``merged`` their numbers are not compared.
    """
    trained = training(samples)
    rates = trained.groupby("speaker")["rate"].mean().reindex(list(RATES))
    rows = [(f"rate of speaker {s}", "kHz", rates[s], published) for s, published in RATES.items()]
    published = np.array(list(RATES.values()))
    rows += [
        ("rate, mean over speakers", "kHz", rates.mean(), published.mean()),
        ("rate, correlation over speakers", "", np.corrcoef(rates, published)[0, 1], 1.0),
        ("spikes of a training sample, mean", "", trained["spikes"].mean(), SPIKES),
    ]
    distributions = [("duration", "s", samples["last_spike"], DURATIONS)]
    if not merged:
        name = "channels that spike, English training words"
        distributions.insert(0, (name, "", english(trained)["channels"], CHANNELS))
    for name, unit, values, known in distributions:
        rows += [(f"{name}, {m}", unit, _measure(values, m), value) for m, value in known.items()]
    table = pd.DataFrame(rows, columns=["quantity", "unit", "here", "shd"])
    difference = table["here"] - table["shd"]
    return table.assign(difference=difference, percent=100 * difference / table["shd"])


def _measure(values: pd.Series, name: str) -> float:
    """Mean, median, sd, min, max or a percentile, "5 %"."""
    if name.endswith(" %"):
        return float(np.percentile(values, float(name[:-2])))
    return float(getattr(values, {"sd": "std"}.get(name, name))())
