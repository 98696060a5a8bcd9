"""Configurations changed at random: each is valid or explained, and nothing else ever happens."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from spikegrad.settings import ConfigError, validate
from study.config.study import Study

ROOT = Path(__file__).parents[1]
CORPUS = Path(__file__).parent / "corpus" / "config"


@cache
def shipped(name: str) -> dict[str, Any]:
    """config.yaml with the file ``name`` over it, as snakemake merges them."""
    config = load_configfile(str(ROOT / "config" / "config.yaml"))
    update_config(config, load_configfile(str(ROOT / "config" / name)))
    return json.loads(json.dumps(config))  # plain dictionaries, no shared parts


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in nested dictionaries and lists."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, below in items:
        yield (*path, key)
        yield from places(below, (*path, key))


def holder(config: Any, path: tuple[str | int, ...]) -> Any:
    for key in path[:-1]:
        config = config[key]
    return config


# All that YAML can say, and then some.
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=4),
    st.sampled_from(["0", "1e-3", "../..", "/", "{x}", "$(id)", "a\nb", "on", "inf", "lif", ".."]),
)
keys = st.one_of(st.text(max_size=6), st.integers(-2, 2), st.none(), st.booleans(), st.dates())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=4,
)


def change(draw: st.DrawFn, config: dict[str, Any]) -> None:
    path = draw(st.sampled_from(list(places(config))))
    parent, key = holder(config, path), path[-1]
    match draw(st.sampled_from(["replace", "delete", "misspell", "add", "move", "twice"])):
        case "replace":
            parent[key] = draw(values)
        case "delete":
            del parent[key]
        case "misspell" if isinstance(parent, dict):
            parent[draw(keys)] = parent.pop(key)
        case "add" if isinstance(parent, dict):
            parent[draw(keys)] = draw(values)
        case "move":
            other = draw(st.sampled_from(list(places(config))))
            parent[key] = copy.deepcopy(holder(config, other)[other[-1]])
        case "twice" if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    config = copy.deepcopy(shipped(draw(st.sampled_from(["smoke.yaml", "demo.yaml"]))))
    for _ in range(draw(st.integers(1, 3))):
        change(draw, config)
    return config


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed())
def test_a_changed_configuration_is_valid_or_explained(config: dict[str, Any]) -> None:
    try:
        study = validate(Study, config)
    except ConfigError as error:
        message = str(error)
        assert re.search(r"^(config|neurons\.\w+): .*[a-z_]{4,}", message, re.DOTALL)  # names a key
        assert len(message) < 5000
        return
    # What is accepted survives what the rules do with it.
    assert validate(Study, study.model_dump(mode="json")) == study
    for neuron in study.neurons:
        study.model(neuron)
    for experiment in (*study.ntk.kernels, *study.ntk.ensembles):
        assert study.ntk.experiment(experiment.name) is experiment


@pytest.mark.parametrize("file", sorted(CORPUS.glob("*.yaml")), ids=lambda file: file.stem)
def test_known_mistakes_are_explained(file: Path) -> None:
    """The first line of each file is a comment: what the message must say."""
    expected = file.read_text().splitlines()[0].removeprefix("# ")
    config = copy.deepcopy(shipped("smoke.yaml"))
    update_config(config, yaml.safe_load(file.read_text()))
    with pytest.raises(ConfigError) as caught:
        validate(Study, config)
    assert expected in str(caught.value)
