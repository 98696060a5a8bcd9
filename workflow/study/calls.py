"""Functions called with files and settings, read as their parameters are annotated."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pandas as pd

from spikegrad.settings import Section, part, validate
from study.storage.tables import read_file, read_table

Tables = dict[str, pd.DataFrame]
"""What a function of a part returns, by name; a single table has the function's own."""


def named(function: str) -> Callable[..., Any]:
    """The function that "module:name" stands for."""
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)


def maker_of(hint: Any) -> Callable[..., Any] | None:
    """What makes a parameter's object of files and settings, if it is annotated as a dataclass."""
    if isinstance(hint, type) and is_dataclass(hint):
        return getattr(hint, "from_files", hint)
    return None


class Given:
    """Files and settings by name, from which functions take what their parameters name.

    A parameter annotated as a table is that of its file, or the rows of several; as a Path, its
    file; as a list of these, or of what YAML and JSON files hold, one for each file. A section of
    settings is validated. A dataclass is made once, by its method ``from_files`` or of what its
    fields name. A parameter with a default may have neither file nor setting. ``prepare`` is done
    to each table of the first kind.
    """

    def __init__(
        self,
        files: Mapping[str, Sequence[str]],
        settings: Mapping[str, Any],
        prepare: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
    ) -> None:
        self._files = files
        self._settings = settings
        self._prepare = prepare
        self._objects: dict[Callable[..., Any], Any] = {}

    def call(self, function: Callable[..., Any]) -> Any:
        """The result of ``function``; TypeError if something is neither given nor has a default."""
        hints = get_type_hints(function)
        arguments: dict[str, Any] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments |= {own: self._file(hints[name], own) for own in self._files}
            elif (maker := maker_of(hints[name])) is not None:
                arguments[name] = self._object(maker)
            elif name in self._files:
                arguments[name] = self._file(hints[name], name)
            elif name in self._settings:
                arguments[name] = _setting(hints[name], self._settings[name])
        return function(**arguments)

    def tables(self, functions: str) -> Tables:
        """All that ``functions``, separated by spaces, make."""
        made: Tables = {}
        for function in map(named, functions.split()):
            found = self.call(function)
            made |= found if isinstance(found, dict) else {function.__name__: found}
        return made

    def _object(self, maker: Callable[..., Any]) -> Any:
        if maker not in self._objects:
            self._objects[maker] = self.call(maker)
        return self._objects[maker]

    def _file(self, hint: Any, name: str) -> Any:
        files = self._files[name]
        if get_origin(hint) is list:
            return [_read(get_args(hint)[0], file) for file in files]
        if pd.DataFrame in (hint, *get_args(hint)):
            return self._prepare(read_table(*files))
        (file,) = files
        return _read(hint, file)


def _read(hint: Any, file: str) -> Any:
    return Path(file) if hint is Path else read_file(file)


def _setting(hint: Any, value: Any) -> Any:
    if hint is Path:
        return Path(value)
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)]
    if value is None or not sections:
        return value
    # Of several the one that has all the keys.
    fits = (own for own in sections if value.keys() <= own.model_fields.keys())
    kind = next(fits, sections[0])
    return (validate if kind.model_fields.keys() <= value.keys() else part)(kind, value)
