"""Sounds from audio files: whole, loud, and at the rate that the cochlea hears."""

from __future__ import annotations

import io
import re

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from study.data.layout import DataError

# What libsndfile notes about a WAV file whose header promises more than there is.
_CUT_WAV = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)


def decode(content: bytes, name: str) -> tuple[NDArray[np.float64], int]:
    """A file's sound [n_samples] within -1..1, and its sample rate (Hz).

    More than one channel is mixed down to their mean. Raises DataError, naming the file, if it is
    no audio file, cut short or silent.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            promised, rate = file.frames, file.samplerate
            samples = file.read(always_2d=True)
            cut = _CUT_WAV.search(file.extra_info)
    except (soundfile.LibsndfileError, RuntimeError) as problem:
        raise DataError(
            f"{name}: not a whole audio file ({problem}); make it anew as WAV, FLAC, OGG or MP3,"
            " or take it out"
        ) from None
    if not len(samples) or len(samples) != promised or (cut and int(cut[2]) < int(cut[1])):
        raise DataError(f"{name}: the audio file is cut short; copy it anew, or take it out")
    sound = samples.mean(axis=1)
    if not 0 < np.ptp(sound) < np.inf:
        raise DataError(f"{name}: silent, or not of numbers; record it anew, or take it out")
    return sound, rate


def resample(sound: NDArray[np.float64], rate: int, wanted: int) -> NDArray[np.float64]:
    """``sound`` at ``wanted`` instead of ``rate`` samples per second."""
    return sound if rate == wanted else soxr.resample(sound, rate, wanted)
