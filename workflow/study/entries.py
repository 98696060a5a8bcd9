"""The kinds of entries of :mod:`study.parts`. All paths are below the study's folder.

An entry names its functions as "module:name"; :mod:`study.calls` calls them with what their
parameters name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Files = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Training:
    """A network to train."""

    neuron: str
    seed: int
    split: str
    winners: Sequence[str]
    """Files of the searches whose best by validation is trained; without any the settings are."""
    model: Mapping[str, Any]
    """Its settings."""
    place: int | None = None
    """Which of the finalists of the search is trained, the best is 0; None is the winner."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Keys with other values than the winner has."""
    inner: int | None = None
    """Inner fold whose validation samples are held out; None trains on all that are not for
    testing."""
    samples: int | None = None
    """Training samples; None is all."""


@dataclass(frozen=True)
class Part:
    """Tables that one job makes, in a folder of their own."""

    folder: str
    functions: str
    """Those that make them, separated by spaces."""
    tables: str
    """Their files, separated by spaces."""
    inputs: Files = field(default_factory=dict)
    """Files, or tables of other parts, by parameter."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """By parameter; a change repeats the part."""
    name: str = ""
    """Where several parts are made alike, what all of them are called."""
    digits: Mapping[str, int] = field(default_factory=dict)
    """To how many the numbers of a CSV file are written."""
    shown: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Tables that the report shows: what they are, and a caption."""
    limits: tuple[int, int] | None = None
    """Megabytes and minutes that the first attempt may take; None is work of a moment, done where
    snakemake runs."""

    def work(self) -> dict[str, Any]:
        """What of this its tables depend on: other names, captions and limits make the same."""
        names = ("functions", "tables", "settings", "digits")
        return {name: getattr(self, name) for name in names}

    @property
    def kind(self) -> str:
        """Its ``name``, or the last of its folder."""
        return self.name or self.folder.rpartition("/")[2]


@dataclass(frozen=True)
class Picture:
    """A figure."""

    file: str
    """Without a suffix."""
    functions: str
    """The one that draws it."""
    content: str
    """What it shows, in the report."""
    inputs: Files
    settings: Mapping[str, Any] = field(default_factory=dict)
    caption: str = ""
    formats: str = "png pdf"

    def work(self) -> dict[str, Any]:
        """What of this the figure depends on; its caption is below it."""
        return {"functions": self.functions, "settings": self.settings}


def modules_of(functions: str) -> list[str]:
    """The modules of functions, "module:name", separated by spaces."""
    return [function.partition(":")[0] for function in functions.split()]


def by_name(*files: str, **others: str | Sequence[str]) -> dict[str, Sequence[str]]:
    """Files by their names without a suffix, and one or several ``others`` by those that are
    given."""
    own = {file.rpartition("/")[2].partition(".")[0]: [file] for file in files}
    return own | {k: [o] if isinstance(o, str) else o for k, o in others.items()}


def sources(inputs: Files, parts: Mapping[str, Part]) -> list[str]:
    """What must be there for ``inputs``: of a table the folder that a job makes, else the file."""
    files = [file for own in inputs.values() for file in own]
    folders = [file.rpartition("/")[0] for file in files]
    found = (o if o in parts else file for file, o in zip(files, folders, strict=True))
    return list(dict.fromkeys(found))
