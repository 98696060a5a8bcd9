"""The entries of study.parts fit their functions and one another; how functions are given files."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_type_hints

import pandas as pd
import pytest

from configs import settings
from smoke import ROOT
from spikegrad.settings import ConfigError, validate
from study.calls import Given, maker_of, named
from study.config.study import Study
from study.config.training import Activity
from study.entries import Part, Picture
from study.parts import claimed, ntk_claimed, parts, pictures, trainings
from study.storage.joining import join
from study.storage.tables import write_table

SHIPPED = sorted(file.name for file in (ROOT / "config").glob("*.yaml"))


def needed(functions: str) -> tuple[set[str], set[str]]:
    """Parameters of the functions, and of the classes that these name: all, and those without a
    default."""
    every, required = set(), set()
    for function in map(named, functions.split()):
        waiting = [function]
        while waiting:
            call = waiting.pop()
            hints = get_type_hints(call)
            for name, parameter in inspect.signature(call).parameters.items():
                if (maker := maker_of(hints[name])) is not None:
                    waiting.append(maker)
                else:
                    every.add(name)
                    required |= {name} if parameter.default is parameter.empty else set()
    return every, required


@pytest.mark.parametrize("name", SHIPPED)
def test_entries_fit_their_functions_and_one_another(name: str):
    study = validate(Study, settings(name))
    tables = parts(study)
    entries: dict[str, Part | Picture] = {
        own.functions + str(sorted(own.inputs)): own
        for own in (*tables.values(), *pictures(study).values())
    }
    for entry in entries.values():
        if "storage.joining" in entry.functions:
            assert {table.split(".")[0] for table in entry.tables.split()} == set(entry.inputs)
            continue
        every, required = needed(entry.functions)
        given = {*entry.inputs, *entry.settings, *(["data"] if isinstance(entry, Picture) else [])}
        assert required <= given, (entry, required - given)
        assert given - every <= {"data"}, (entry, given - every)
    runs = trainings(study)
    for own in (*tables.values(), *pictures(study).values()):
        for file in (file for files in own.inputs.values() for file in files):
            folder, _, table = file.rpartition("/")
            if folder in tables:
                assert table in tables[folder].tables.split(), (own, file)
            else:
                made = ("data/", "search/", "landscape/directions/")
                assert folder in runs or file.startswith(made), (own, file)
    for files in (*claimed(study).values(), *ntk_claimed(study).values()):
        assert all(f.rpartition("/")[2] in tables[f.rpartition("/")[0]].tables for f in files)


def test_everything_the_report_shows_has_a_caption():
    study = validate(Study, settings("heidelberg.yaml"))
    assert all(picture.caption for picture in pictures(study).values())


def test_what_repeats_an_entry_is_what_its_result_depends_on():
    """Other limits, captions and names repeat no job; another setting does."""
    study = validate(Study, settings("smoke.yaml"))
    part = parts(study)["search/summary"]
    other = replace(part, name="other", limits=(1, 1), shown={"winners.csv": ("other", "words")})
    assert other.work() == part.work() != replace(part, settings={}).work()
    picture = pictures(study)["figures/performance"]
    assert replace(picture, caption="other", content="words").work() == picture.work()


def test_a_function_is_given_what_its_parameters_name(tmp_path: Path):
    for k in range(2):
        write_table(pd.DataFrame({"k": [k]}), tmp_path / f"{k}.csv")
    files = [str(tmp_path / f"{k}.csv") for k in range(2)]

    def function(
        rows: pd.DataFrame,
        each: list[pd.DataFrame],
        place: Path,
        setup: Activity,
        lacking: pd.DataFrame | None = None,
    ) -> list[object]:
        return [rows["k"].tolist(), len(each), place, setup.model_dump(mode="json"), lacking]

    setup = {"strength": 0.1, "target": 3.0}
    named_files = {"rows": files, "each": files, "place": files[:1], "unused": files}
    found = Given(named_files, {"setup": setup}).call(function)
    assert found == [[0, 1], 2, Path(files[0]), setup, None]
    with pytest.raises(ConfigError, match="is not a known key"):
        Given(named_files, {"setup": {**setup, "nonsense": 1}}).call(function)
    with pytest.raises(TypeError, match="setup"):
        Given(named_files, {}).call(function)


@dataclass
class Whole:
    """What several functions of a job are given."""

    place: Path
    number: int


def test_functions_of_a_job_share_what_is_read(tmp_path: Path):
    def function(whole: Whole) -> Whole:
        return whole

    given = Given({"place": [str(tmp_path)]}, {"number": 1})
    assert given.call(function) is given.call(function)
    assert given.call(function) == Whole(tmp_path, 1)


def test_tables_are_joined_in_the_order_of_their_keys():
    table = pd.DataFrame({"value": [1.0, 2.0], "seed": [1, 0]})
    assert join(["neuron", "seed"], own=table)["own"].to_dict("list") == {
        "seed": [0, 1],
        "value": [2.0, 1.0],
    }
    assert join([], own=table)["own"] is table
