"""Words spoken by espeak-ng, whose library and voices come with the package espeakng-loader.

espeak-ng is GPL-licensed: only jobs that speak import this module.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import espeakng_loader
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikegrad.seeds import generator_of_name
from study.config.data import SEED, SpokenDigits
from study.data.encoding import Sounds
from study.data.recordings import WORDS

SAMPLE_RATE = SpokenDigits.sample_rate  # Hz
LANGUAGES = {word: language for language in WORDS for word in WORDS[language]}
RATE = (130, 200)  # slowest and fastest speech, words per minute
PITCH = (30, 70)  # lowest and highest base pitch, of 0 to 100
PITCH_RANGE = (20, 80)  # flattest and liveliest intonation, of 0 to 100

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2
_PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}
_UTF8 = 1
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class SpeechError(RuntimeError):
    """espeak-ng could not speak; the message says what it refused."""


def spoken(rows: pd.DataFrame) -> Sounds:
    """The sounds of ``rows``, at 22,050 Hz; how each is spoken depends on its name."""
    for name, word, voice in zip(rows["file"], rows["label"], rows["speaker"], strict=True):
        rng = generator_of_name(SEED, name)
        rate, pitch, pitch_range = (
            int(rng.integers(low, high, endpoint=True)) for low, high in (RATE, PITCH, PITCH_RANGE)
        )
        sound = speak(word, LANGUAGES[word], voice, rate, pitch, pitch_range)
        yield name, sound.astype(np.float64)


def speak(word: str, language: str, voice: str, rate: int, pitch: int, pitch_range: int) -> NDArray:
    """``word`` in ``language`` by the voice variant ``voice``: int16 samples at 22,050 Hz.

    ``rate`` is in words per minute, ``pitch`` and ``pitch_range`` go from 0 to 100. The same
    arguments give the same samples, whatever was spoken before: espeak-ng keeps the phase of its
    oscillators, its noise and its echo in static memory, which only a fresh copy of the library
    resets (initialising it again does not). It is not thread-safe. Raises SpeechError if espeak-ng
    does not know the voice or refuses the word.
    """
    variants = Path(espeakng_loader.get_data_path(), "voices", "!v")
    if not (variants / voice).is_file():  # espeak-ng would fall back to another in silence
        known = ", ".join(sorted(file.name for file in variants.iterdir()))
        raise SpeechError(f"espeak-ng has no voice variant '{voice}'; it has {known}")
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        return _speak(library, word, f"{language}+{voice}", rate, pitch, pitch_range)
    finally:
        library.espeak_Terminate()
        _unload(library)


def _speak(
    library: ctypes.CDLL, word: str, voice: str, rate: int, pitch: int, pitch_range: int
) -> NDArray[np.int16]:
    chunks: list[NDArray[np.int16]] = []

    @_Callback
    def collect(samples, count, events) -> int:  # type: ignore[no-untyped-def]
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0  # go on

    def require(status: int, what: str) -> None:
        if status != 0:
            raise SpeechError(f"espeak-ng refuses {what} (status {status})")

    data = espeakng_loader.get_data_path().encode()
    sample_rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
    if sample_rate != SAMPLE_RATE:
        raise SpeechError(f"espeak-ng gives {sample_rate} Hz instead of {SAMPLE_RATE} Hz")
    library.espeak_SetSynthCallback(collect)
    require(library.espeak_SetVoiceByName(voice.encode()), f"voice '{voice}'")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    settings = {"rate": rate, "volume": 100, "pitch": pitch, "range": pitch_range}
    for name, value in settings.items():
        require(library.espeak_SetParameter(_PARAMETERS[name], value, 0), f"{name} = {value}")
    text = word.encode()
    size = ctypes.c_size_t(len(text) + 1)
    require(
        library.espeak_Synth(text, size, 0, 1, 0, _UTF8, None, None),
        f"to speak '{word}' as {voice}",
    )
    require(library.espeak_Synchronize(), f"to finish '{word}'")
    if not chunks:
        raise SpeechError(f"espeak-ng spoke '{word}' as {voice} without a sound")
    return np.concatenate(chunks)


def _unload(library: ctypes.CDLL) -> None:
    ctypes.CDLL(None).dlclose(ctypes.c_void_p(library._handle))
    try:
        ctypes.CDLL(espeakng_loader.get_library_path(), mode=os.RTLD_NOLOAD | os.RTLD_NOW)
    except OSError:
        return  # gone, as it must be
    raise SpeechError("this system does not unload espeak-ng: speech would not be reproducible")
