"""Which samples are for testing in an outer fold, and which inner fold holds each other one out."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikegrad.seeds import numpy_generator
from study.config.data import SEED, Validation
from study.data.layout import ORIGINS, DataError

log = logging.getLogger(__name__)

ROLES = ("train", "validation", "test")
FRACTION = 0.1
"""Share of each class that an inner fold without speakers holds out, at least one sample."""
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


def split(
    labels: Integers,
    speakers: Integers,
    origins: Integers,
    test: Booleans,
    options: Validation,
    fold: int | None = None,
) -> pd.DataFrame:
    """The parts of all samples in an outer fold that tests with those in the mask ``test``.

    ``fold`` is its number, None where it is the data's own. ``origins`` are indices into
    ``ORIGINS``. The samples of a validation file are the only inner fold of the data's own split.
    Raises DataError as :func:`held_out`.
    """
    given = origins == ORIGINS.index("validation")
    inner = np.where(given, 0, -1)
    if fold is not None or not given.any():
        inner = np.full(len(labels), -1)
        inner[~test] = held_out(labels[~test], speakers[~test], options, fold)
    return pd.DataFrame({"speaker": speakers, "test": test, "inner": inner})


def with_role(parts: pd.DataFrame, role: str, inner: int | None) -> pd.Series[bool]:
    """Which of the samples of a split's table ``parts`` have a ``role``, one of ``ROLES``.

    "validation" are those that the inner fold ``inner`` holds out, of which there are none if it is
    None; "train" are all others that are not for testing.
    """
    if role == "test":
        return parts["test"]
    held_out = False if inner is None else parts["inner"] == inner
    return ~parts["test"] & (held_out == (role == "validation"))


def for_testing(speakers: Integers, size: int, n_folds: int, fold: int) -> Booleans:
    """Which samples an outer fold tests with: ``size`` neighbours in the order of ``speakers``.

    Raises DataError if these are not as many as make ``n_folds``.
    """
    everyone = np.unique(speakers)
    if -(-len(everyone) // size) != n_folds:
        raise DataError(
            f"the data have {len(everyone)} speakers, who do not make {n_folds} folds of {size}:"
            " set data.folds.speakers to their number"
        )
    return np.isin(speakers, everyone[size * fold : size * (fold + 1)])


def held_out(
    labels: Integers, speakers: Integers, config: Validation, fold: int | None = None
) -> Integers:
    """The inner fold that holds out each of the samples that are not for testing, or -1.

    Each outer ``fold`` has a draw of its own, so that searches of different folds are not validated
    on the same speakers.

    An inner fold has ``config.speakers`` whole speakers, drawn among all; or, if that is 0 or all
    samples are by one, the same share of each class, rounded, and at least one sample.
    """
    outer = () if fold is None else (fold,)
    rng = numpy_generator(SEED, *outer)
    inner = np.full(len(labels), -1)
    if config.speakers and len(np.unique(speakers)) > 1:
        everyone = rng.permutation(np.unique(speakers))
        needed = max(config.folds * config.speakers, config.speakers + 1)
        if needed > len(everyone):
            raise DataError(
                f"{config.folds} inner folds of {config.speakers} speakers need {needed} training"
                f" speakers, of whom there are {len(everyone)}: lower data.validation.folds or"
                " data.validation.speakers; with speakers: 0 samples are held out"
            )
        for k, group in enumerate(
            everyone[: config.folds * config.speakers].reshape(config.folds, -1)
        ):
            inner[np.isin(speakers, group)] = k
    else:
        if config.speakers:
            log.info("one speaker, or none named: a tenth of each class is held out")
        for label in np.unique(labels):
            own = rng.permutation(np.flatnonzero(labels == label))
            n = max(1, round(FRACTION * len(own)))
            if max(config.folds * n, n + 1) > len(own):
                raise DataError(
                    f"{config.folds} inner folds would hold out more than the {len(own)} training"
                    f" samples of class {label}: lower data.validation.folds, or"
                    " add samples"
                )
            inner[own[: config.folds * n]] = np.repeat(np.arange(config.folds), n)
    for k in range(config.folds):
        lost = np.setdiff1d(labels, labels[inner != k])
        if len(lost):
            raise DataError(
                f"inner fold {k} holds out all training samples of class {lost[0]}: lower"
                " data.validation.speakers"
            )
    return inner
