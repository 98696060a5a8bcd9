"""Sounds from audio files: whole, loud, and at the rate that the cochlea hears."""

from __future__ import annotations

import hashlib
import io
import re

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from study.data.layout import DataError

# FLAC's first block (RFC 9639, 8.2), after the file's mark and the block's header of 4 bytes each.
_FLAC_MARK, _FLAC_MD5 = b"fLaC", slice(26, 42)
# What libsndfile notes about a WAV file whose header promises more than there is.
_CUT_WAV = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)

LONGEST = 600.0
"""Seconds of a recording above which it is no word or sentence, but would fill the memory."""


def decode(content: bytes, name: str) -> tuple[NDArray[np.float64], int, int]:
    """A file's sound [n_samples] within -1..1, its sample rate (Hz), its number of channels.

    More than one channel is mixed down to their mean. Raises DataError, naming the file, if it is
    no audio file, longer than ``LONGEST``, cut short, damaged (FLAC only: against its MD5) or
    silent.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            promised, rate, kind = file.frames, file.samplerate, file.format
            if promised > LONGEST * rate:
                raise DataError(
                    f"{name}: {promised / rate:.0f} s long, and {LONGEST:g} are the most; cut it"
                    " into samples, or take it out"
                )
            samples = file.read(dtype="int32" if kind == "FLAC" else "float64", always_2d=True)
            cut = _CUT_WAV.search(file.extra_info)
            width = {"PCM_S8": 1, "PCM_16": 2, "PCM_24": 3}.get(file.subtype)
    except (soundfile.LibsndfileError, RuntimeError) as problem:
        raise DataError(
            f"{name}: not a whole audio file ({problem}); make it anew as WAV, FLAC, OGG or MP3,"
            " or take it out"
        ) from None
    if not len(samples) or len(samples) != promised or (cut and int(cut[2]) < int(cut[1])):
        raise DataError(f"{name}: the audio file is cut short; copy it anew, or take it out")
    if kind == "FLAC":
        md5 = content[_FLAC_MD5]
        if content[:4] == _FLAC_MARK and any(md5) and width and _md5(samples, width) != md5:
            raise DataError(f"{name}: damaged, its sound has not the MD5 that the file names")
        samples = samples / 2.0**31
    sound = samples.mean(axis=1)
    if not np.isfinite(sound).all():
        raise DataError(f"{name}: holds values that are not numbers; make it anew")
    if np.ptp(sound) == 0:
        raise DataError(f"{name}: silent; record it anew, or take it out")
    return sound, rate, samples.shape[1]


def resample(sound: NDArray[np.float64], rate: int, wanted: int) -> NDArray[np.float64]:
    """``sound`` at ``wanted`` instead of ``rate`` samples per second."""
    return sound if rate == wanted else soxr.resample(sound, rate, wanted)


def _md5(samples: NDArray[np.int32], width: int) -> bytes:
    """FLAC's MD5: of all channels' samples in turn, as ``width`` bytes each, the lowest first."""
    shifted = np.ascontiguousarray(samples >> (32 - 8 * width), "<i4")
    return hashlib.md5(shifted.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()).digest()
