"""Settings: mistakes are explained, and what is written about them is in step with the models."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator
from functools import reduce
from itertools import chain
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from configs import changed, settings
from smoke import ROOT
from spikegrad.settings import ConfigError, validate
from study.config.overlays import (
    differences,
    given_twice,
    hidden,
    layers,
    of_one_kind,
)
from study.config.study import Study
from study.report.redraw import kept_settings


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "config").glob("*.yaml")))
def test_shipped_configurations_are_valid_and_give_no_key_twice(name: str):
    assert validate(Study, settings(name)).dataset
    assert given_twice((ROOT / "config" / name).read_text()) == []


def test_a_file_is_laid_over_what_it_is_based_on(tmp_path, monkeypatch):
    """Each file once, the lowest first, whichever folder it is in."""
    monkeypatch.chdir(tmp_path)
    contents = {
        "low.yaml": {"x": 1}, "sub/mid.yaml": {"based_on": "../low.yaml", "x": 2},
        "top.yaml": {"based_on": ["sub/mid.yaml", "low.yaml"]},
        "round.yaml": {"based_on": "round.yaml"}, "lost.yaml": {"based_on": "no.yaml"},
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(yaml.safe_dump(content))
    expected = {"low.yaml": {"x": 1}, "sub/mid.yaml": {"x": 2}, "top.yaml": {}}
    assert list(layers(["top.yaml"], load_configfile).items()) == list(expected.items())
    assert list(layers(["low.yaml", "top.yaml"], load_configfile)) == list(expected)
    with pytest.raises(ConfigError, match=r"round\.yaml: is based on itself"):
        layers(["round.yaml"], load_configfile)
    with pytest.raises(ConfigError, match=r"lost\.yaml: based_on names no\.yaml, which does not"):
        layers(["lost.yaml"], load_configfile)


MISTAKES = r"""
network: {readout: {kind: first_spike}}  # 'network.readout.first_spike.time_scale' is missing
trainnig: {}  # 'trainnig' is not a known key; did you mean 'training'?
network: {init: {men: 0.1}}  # 'network.init.men' is not a known key; did you mean 'mean'?
training: {epochs: '3'}  # 'training.epochs' = '3'
training: {learning_rate: 1e-3}  # for text: write a number such as 1.0e-3, with a point
neurons: {lif: {network: {surrogate: {width: 1.0}}}}  # have exact gradients: leave out
search: {sampling: {space: [{key: network.surrogate.width, low: 0.1, high: 1}]}}  # no model has
search: {sampling: {space: [{key: network.tau, low: 0.1, high: 0.1}]}}  # low must be below high
search: {sampling: {space: [{key: network.tau, low: 0, high: 1, log: true}]}}  # start above 0
seeds: [0, 0]  # 'seeds': an entry is listed twice: 0
seeds: [0, 1, 2]  # there are 3 for 2 searches, search.repeats in each outer fold; give 4, 6, 8
{search: null, variants: null, seeds: [0]}  # there are 1 for 2 outer folds
dataset: shd  # dataset 'shd' must start with data.source, 'spoken-digits'
dataset: spoken-digits/../../x  # 'dataset' = 'spoken-digits/../../x'
data: {source: files}  # data.files.train and data.files.test
data: {spoken_digits: {digits: [1, 1]}}  # 'data.spoken_digits.digits': an entry is listed twice
data: {source: files, files: {train: '{x}.h5', test: b.h5}}  # 'data.files.train' = '{x}.h5'
data: {channels: 9}  # channels = 9 must divide n_units
data: {source: recordings}  # needs data.recordings
data: {recordings: {folder: a, table: b, names: '(?P<label>a)'}}  # either table or names
data: {recordings: {folder: a, names: '(?P<speaker>a)'}}  # needs the group
search: {sampling: {space: [{key: network.tau, low: -1.0, high: 2.0}]}}  # 'network.tau' = -1.0
search: {sampling: {space: [{key: network.size, low: 1, high: 2}]}}  # 'network.size' is not a key
search: {sampling: {space: [{key: training.batch_size, low: 1.5, high: 4.0}]}}  # valid integer
search: {sampling: {space: [{key: training.epochs, low: 1, high: 9}]}}  # trials have their own
search: {sampling: {space: [&a {key: network.tau, choices: [0.1, 0.2]}, *a]}}  # listed twice
search: {trials: {epochs: [3, 3]}}  # ascend
search: {trials: {per_generation: 2, epochs: [1, 2, 3]}}  # too few
landscape: {lines: {directions: [filter9]}}  # lines.directions: 'filter9' is not one of
landscape: {seeds: [0]}  # landscape.seeds: name at least two, or none
landscape: {seeds: [0, 9]}  # landscape.seeds: [9] are not among seeds
landscape: {lines: {directions: [principal0]}}  # is missing around a network that failed
network: {delays: {}}  # landscapes know no network.delays
search: {sampling: {space: [{key: network.delays, choices: [null, {}]}]}}  # landscapes know no
network: {train_tau: true, tau: 0.0005}  # a trained tau lies between
data: {source: files, files: {train: a.h5, test: a.h5}}  # train and test are the same file, 'a.h5'
variants: {slower: {changes: {x: {network.delay_line.copies: 5}}}}  # variants.slower: changes.x: \
no model has the section of 'network.delay_line.copies'
ntk: {stability: {depths: [3]}}  # depths must have 2
ntk: {ensembles: [{name: figures, activations: [{name: sign}], surrogate: {name: identity}, \
hidden_layers: 1, widths: [5], n_networks: 2, record_steps: [0, 5], block_size: 2, \
blocks_per_job: 1}]}  # experiments must have names of their own: 'figures' is taken
"""
"""What is laid over the smoke study, and what the error says."""


@pytest.mark.parametrize("line", MISTAKES.replace("\\\n", "").strip().splitlines())
def test_a_mistake_is_named_with_its_key(line: str):
    text, message = line.split("  # ")
    config = settings("smoke.yaml")
    update_config(config, yaml.safe_load(text))
    with pytest.raises(ConfigError) as caught:
        validate(Study, config)
    assert message in str(caught.value)
    assert str(caught.value).count("\n") < 3


def test_a_section_of_another_kind_replaces_the_first():
    """Its own keys alone are left; those of files of the same kind add up."""
    config = settings("smoke.yaml")
    files, first = [settings("smoke.yaml")], dict(config["network"]["readout"])
    maximum = {"kind": "maximum", "tau_out": 0.2}
    for own, expected in (({"tau_out": 0.1}, {**first, "tau_out": 0.1}), (maximum, maximum)):
        files.append({"network": {"readout": own}})
        update_config(config, files[-1])
        found = of_one_kind(config, files)
        assert found["network"]["readout"] == expected
        assert validate(Study, found).dataset == config["dataset"]


def test_a_key_given_twice_is_found():
    for text, keys in {
        "training: {epochs: 3}\nneurons: {}\ntraining: {clip: 1.0}": ["training"],
        "search: {sampling: {space: [{key: a, key: b}]}}": ["search.sampling.space.0.key"],
        "a: &x {b: 1}\nc: {<<: *x, b: 2}": [],
    }.items():
        assert given_twice(text) == keys


def test_more_seeds_take_one_change_and_landscapes_follow():
    for seeds, looked_at in (([0, 1, 2, 3, 4, 5], (0, 3)), ([5, 7, 9, 11], (5, 9))):
        study = validate(Study, {**settings("smoke.yaml"), "seeds": seeds})
        assert study.landscape.seeds == looked_at
    one_search = {**settings("demo.yaml"), "search": None, "seeds": [4, 2]}
    assert validate(Study, one_search).landscape.seeds == (4, 2)
    for own in ([1, 3], []):
        assert validate(Study, changed("landscape.seeds", own)).landscape.seeds == tuple(own)


def test_settings_are_kept_without_the_places_of_copies():
    config = settings("heidelberg.yaml")
    plain = validate(Study, config).kept()
    spikes = {"train": "/mine/a.h5", "test": "/mine/b.h5"}
    config["data"]["heidelberg_digits"] |= {"path": "/mine/hd_audio.tar.gz", "spikes": spikes}
    config["data"] |= {"shd": {"path": "/mine/shd"}, "ssc": {"path": "/mine/ssc"}}
    assert validate(Study, config).kept() == plain
    assert validate(Study, plain).kept() == plain


def test_no_kept_file_names_a_place_on_a_machine():
    place = re.compile(r"""(^|[\s'"[{])(/|~|[A-Z]:\\)\w""")
    kept = sorted((ROOT / "docs/results").rglob("*.yaml"))
    assert len(kept) > 20
    assert [file for file in kept if place.search(file.read_text())] == []


@pytest.mark.parametrize(
    "file", sorted((ROOT / "docs/results").glob("*/study.yaml")), ids=lambda f: f.parent.name
)
def test_settings_of_kept_studies_are_read_without_keys_that_are_gone(file: Path):
    validate(Study, kept_settings(file))


MILLISECONDS = """
network: {tau: 20.0}  # 'network.tau': 20 s is not within 0.0001 to 1 s: milliseconds?
neurons: {lif: {network: {tau: 20.0}}}  # 'neurons.lif.network.tau': 20 s
search: {sampling: {space: [{key: network.tau, low: 0.01, high: 50.0}]}}  # 'search of network.tau'
"""


@pytest.mark.parametrize("line", MILLISECONDS.strip().splitlines())
def test_milliseconds_are_asked_about_and_can_be_meant(line: str):
    text, message = line.split("  # ")
    config = settings("smoke.yaml")
    update_config(config, yaml.safe_load(text))
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        validate(Study, config)
    key = re.search(r"list '(.*?)' in `unusual`", str(caught.value))[1]
    assert validate(Study, {**config, "unusual": [key]}).unusual == (key,)


# --- configurations changed at random --------------------------------------------------------


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in nested dictionaries and lists."""
    items = enumerate(value) if isinstance(value, list) else getattr(value, "items", list)()
    for key, below in items:
        yield (*path, key)
        yield from places(below, (*path, key))


# All that YAML can say, and then some.
numbers = st.none() | st.booleans() | st.integers(-2, 3) | st.integers() | st.floats()
texts = st.text(max_size=8) | st.sampled_from(["0", "1e-3", "../..", "/", "{x}", "$(id)", "a\nb"])
scalars = numbers | texts | st.dates() | st.datetimes() | st.binary(max_size=4)
keys = st.text(max_size=6) | st.integers(-2, 2) | st.none() | st.booleans() | st.dates()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=4,
)


def change(draw: st.DrawFn, config: dict[str, Any]) -> None:
    path = draw(st.sampled_from(list(places(config))))
    parent, key = reduce(getitem, path[:-1], config), path[-1]
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
            parent[key] = copy.deepcopy(reduce(getitem, other, config))
        case "twice" if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))


@st.composite
def changed_at_random(draw: st.DrawFn) -> dict[str, Any]:
    config = settings(draw(st.sampled_from(["smoke.yaml", "demo.yaml"])))
    for _ in range(draw(st.integers(1, 3))):
        change(draw, config)
    return config


@examples(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(changed_at_random())
def test_a_changed_configuration_is_valid_or_explained(config: dict[str, Any]):
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
        named = [e for e in study.ntk.experiments() if e.name == experiment.name]
        assert len(named) == 1
        assert named[0] is experiment


# --- seeds and neurons -----------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 99), min_size=2, max_size=12, unique=True),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([1, 2, 3]),
)
@examples(max_examples=20)
def test_seeds_are_shared_out_in_order(seeds: list[int], folds: int, repeats: int):
    each = len(seeds) // (folds * repeats)
    assume(each >= 2)
    seeds = seeds[: each * folds * repeats]
    config = changed("seeds", seeds)
    config["landscape"]["seeds"] = seeds[:2]
    config["search"]["repeats"] = repeats
    config["data"]["folds"] = {"size": 4 // folds} if folds > 1 else None
    study = validate(Study, config)
    assert [study.search_of(seed) for seed in seeds] == sorted([*range(folds * repeats)] * each)
    names = [f"fold{k}" for k in range(folds)] if folds > 1 else ["own"]
    assert [study.fold_of(k) for k in range(study.n_searches)] == sorted(names * repeats)
    for seed in seeds:
        way = [seed]
        while (following := study.next_seed(way[-1])) != seed:
            way.append(following)
        assert len(way) == each
        assert {study.search_of(other) for other in way} == {study.search_of(seed)}
    config["search"], config["variants"] = None, {}
    assert {validate(Study, config).search_of(seed) for seed in seeds} == {*range(folds)}


def test_defaults_are_the_same_for_all_neurons_of_which_one_can_be_left_out():
    """What config.yaml says of one neuron would reach every study that is laid over it."""
    assert list(validate(Study, changed("neurons.lif", None)).neurons) == ["qif"]
    study = settings("config.yaml")
    assert set(map(str, study["neurons"].values())) == {"{}"}
    models = {n: validate(Study, study).model(n).model_dump() for n in study["neurons"]}
    assert differences(models) == "All neuron models have the same settings"


def test_a_hidden_overlay_is_reported_with_both_files():
    own = {"neurons": {"lif": {"network": {"tau": 0.05}}}}
    common = {"network": {"tau": 0.1}}
    (line,) = hidden([("demo.yaml", own), ("mine.yaml", common)])
    assert line == (
        "network.tau = 0.1 of mine.yaml does not reach lif, which has neurons.lif.network.tau ="
        " 0.05 of demo.yaml; set that in mine.yaml, too"
    )
    for first, then in (
        (common, own), (own, {"network": {"tau": 0.05}}), (own, {"training": {"clip": 0.1}}),
        (own, {**common, "neurons": {"lif": None}}),
    ):  # fmt: skip
        assert hidden([("demo.yaml", first), ("mine.yaml", then)]) == []


def test_what_neurons_differ_in_is_named():
    models = {"lif": {"network": {"tau": 0.05}}, "qif": {"network": {"tau": 0.1}}}
    assert differences(models).endswith("differ in: network.tau lif 0.05, qif 0.1")


# --- what is written in several places -------------------------------------------------------


def test_every_key_is_explained():
    """But for the tags of unions, whose only value says it all."""
    schema = Study.model_json_schema()
    for name, section in {"Study": schema, **schema["$defs"]}.items():
        for key, entry in section.get("properties", {}).items():
            assert "const" in entry or entry.get("description"), f"{name}.{key}"


def locked() -> dict[str, list[str]]:
    """The lock's pins, with conditions, by the package's name."""
    pins: dict[str, list[str]] = {}
    text = (ROOT / "envs" / "lock.txt").read_text().replace("\\\n", "")
    for line in text.splitlines():
        pin, *hashes = re.split(r"\s+--hash=sha256:", line)
        assert re.match(r"[a-z0-9.-]+==", pin)
        assert hashes
        pins.setdefault(pin.split("==")[0], []).append(pin.strip())
    return pins


def test_the_environment_and_the_lock_are_in_step_with_the_package():
    """The lock pins every dependency but torch by hashes, and the environment has its pins."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    environment = yaml.safe_load((ROOT / "envs" / "spikegrad.yaml").read_text())
    assert environment["dependencies"][0] == f"python {project['requires-python']}"
    pins = locked()
    wanted = [*project["dependencies"], *extras["workflow"], *extras["data"]]
    names = {spec: re.split("[<>=]", spec)[0] for spec in wanted}
    assert environment["dependencies"][-1]["pip"] == [
        pin for spec, name in names.items() for pin in pins.get(name, [spec])
    ]
    everything = [*project["dependencies"], *chain(*extras.values())]
    lowered = {re.split("[<>=]", spec)[0].strip().lower() for spec in everything}
    assert lowered - pins.keys() == {"torch"}


def test_actions_are_pinned_by_commit_and_may_only_read():
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = yaml.safe_load(file.read_text())
        used = re.findall(r"uses: (\S+)", file.read_text())
        assert all(re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", action) for action in used)
        assert workflow["permissions"] == {"contents": "read"}
