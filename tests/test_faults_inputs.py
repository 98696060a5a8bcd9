"""A thousand bad inputs, drawn by seeds: each is refused with one clear error, or accepted rightly.

Not in the default run: ``make test-faults``. What once failed here stands in other tests by name.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import yaml

from configs import settings
from faults import record
from spikefiles import read_all, shd_file
from spikegrad import load_network, save_network
from spikegrad.saving import CheckpointError
from spikegrad.settings import ConfigError, validate
from study.config.study import Study
from study.data.audio import decode
from study.data.layout import DataError
from study.data.recordings import check_splits, tabulate
from test_data_recordings import FORMATS, ROWS, table_of, tone, write

pytestmark = pytest.mark.faults
EACH = 500
LONGEST = 2.0
"""Seconds until an answer."""


class Inputs(NamedTuple):
    """A kind of input, and what reads it."""

    whole: bytes
    suffix: str
    read: Callable[[Path], Any]
    errors: type[Exception]
    names_the_file: bool = True


def settings_file(folder: Path) -> Inputs:
    def read(path: Path) -> Any:
        try:
            values = yaml.safe_load(path.read_bytes())
        except (yaml.YAMLError, UnicodeDecodeError) as error:  # which Snakemake reports
            raise ConfigError(f"config: no YAML ({type(error).__name__})") from None
        return validate(Study, values)

    text = yaml.safe_dump(settings("smoke.yaml"))
    return Inputs(text.encode(), ".yaml", read, ConfigError, names_the_file=False)


def table_of_recordings(folder: Path) -> Inputs:
    sounds = folder / "sounds"
    for place, (name, _, _) in enumerate(ROWS):
        write(sounds, name, tone(place))
    config = table_of(sounds)
    whole = Path(str(config.table)).read_bytes()

    def read(path: Path) -> Any:
        table = tabulate(config.model_copy(update={"table": str(path)}), sounds)
        check_splits(table)
        return table

    return Inputs(whole, ".csv", read, DataError, names_the_file=False)


def spikes(folder: Path) -> Inputs:
    whole = shd_file(folder / "whole.h5", per_class=1).read_bytes()
    return Inputs(whole, ".h5", read_all, DataError)


def network(folder: Path) -> Inputs:
    from spikegrad import IntegratedReadout, SpikingLayer

    stack = torch.nn.Sequential(
        SpikingLayer(5, 4, "qif", 0.02, recurrent=True), IntegratedReadout(4, 3, 0.02, 0.3)
    )
    save_network(folder / "whole.safetensors", stack)
    whole = (folder / "whole.safetensors").read_bytes()
    return Inputs(whole, ".safetensors", load_network, CheckpointError)


def sound(folder: Path, kind: str) -> Inputs:
    whole = write(folder, f"whole.{kind}", tone()).read_bytes()
    return Inputs(whole, f".{kind}", lambda path: decode(path.read_bytes(), path.name), DataError)


WORDS = [b"0", b"-1", b"1e400", b"nan", b"null", b"[]", b"{}", b"'", b"\n", b"\0", b",,"]


def damaged(content: bytes, draw: random.Random) -> bytes:
    """``content`` with a change of any kind at some place."""
    first = draw.randrange(len(content))
    last = min(first + int(1000 ** draw.random()), len(content))
    part = content[first:last]
    match draw.choice(["cut", "remove", "repeat", "move", "flip", "write", "lines"]):
        case "cut":
            return content[:first]
        case "remove":
            return content[:first] + content[last:]
        case "repeat":
            return content[:last] + part + content[last:]
        case "move":
            other = draw.randrange(len(content))
            return content[:other] + part + content[other:]
        case "flip":
            return (
                content[:first] + bytes(b ^ 1 << draw.randrange(8) for b in part) + content[last:]
            )
        case "write":
            return content[:first] + draw.choice(WORDS) + content[first + 1 :]
    lines = content.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


def inputs_of(folder: Path) -> Iterator[tuple[str, list[Inputs]]]:
    yield "bad settings", [settings_file(folder)]
    yield "bad tables of recordings", [table_of_recordings(folder)]
    yield "bad spike files (HDF5)", [spikes(folder)]
    yield "bad networks (safetensors)", [network(folder)]
    yield "bad sounds (WAV, FLAC, OGG, MP3)", [sound(folder, kind) for kind in FORMATS]


def answer(kind: Inputs, path: Path) -> str:
    """What is said of a file, or nothing; any other error fails the test."""
    try:
        kind.read(path)
    except kind.errors as error:
        return str(error)
    return ""


def test_a_thousand_inputs_are_refused_or_read(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    place, seed = tmp_path / "own", 1
    for name, kinds in inputs_of(tmp_path):
        draw, refused = random.Random(f"{seed} {name}"), 0
        for number in range(EACH):
            kind = kinds[number % len(kinds)]
            path = place / f"x{kind.suffix}"
            path.write_bytes(damaged(kind.whole, draw))
            start = time.monotonic()
            message = answer(kind, path)
            assert time.monotonic() - start < LONGEST, (name, number)
            refused += bool(message)
            if message and kind.names_the_file:
                assert path.name in message, (name, number)
            assert len(message) < 5000, (name, number, message)
            assert list(place.iterdir()) == [path]
            path.unlink()
        assert refused > EACH / 4, (name, refused)
        record(name, EACH, True, None, seed)
