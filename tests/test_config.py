"""Settings: mistakes are explained, and what is written about them is in step with the models."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from configs import changed, settings
from smoke import ROOT
from spikegrad.settings import ConfigError, validate
from study.config.overlays import differences, given_twice, layers, of_one_kind
from study.config.schema import schema
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
training: {epochs: '3'}  # 'training.epochs' = '3'
training: {learning_rate: 1e-3}  # for text: write a number such as 1.0e-3, with a point
neurons: {lif: {network: {surrogate: {width: 1.0}}}}  # have exact gradients: leave out
search: {sampling: {space: [{key: network.tau, low: 0.1, high: 0.1}]}}  # low must be below high
search: {sampling: {space: [{key: network.tau, low: 0, high: 1, log: true}]}}  # start above 0
data: {recordings: {folder: a, table: b, names: '(?P<label>a)'}}  # either table or names
data: {recordings: {folder: a, names: '(?P<speaker>a)'}}  # needs the group
search: {sampling: {space: [{key: network.tau, low: -1.0, high: 2.0}]}}  # 'network.tau' = -1.0
search: {sampling: {space: [{key: network.size, low: 1, high: 2}]}}  # 'network.size' is not a key
search: {sampling: {space: [&a {key: network.tau, choices: [0.1, 0.2]}, *a]}}  # listed twice
search: {trials: {epochs: [3, 3]}}  # ascend
search: {trials: {per_generation: 2, epochs: [1, 2, 3]}}  # too few
seeds: [0, 0]  # 'seeds': an entry is listed twice: 0
seeds: [0, 1, 2]  # there are 3 for 2 searches, search.repeats in each outer fold; give 4, 6, 8
dataset: shd  # dataset 'shd' must start with data.source, 'spoken-digits'
dataset: spoken-digits/../../x  # 'dataset' = 'spoken-digits/../../x'
data: {source: files}  # data.files.train and data.files.test
data: {source: files, files: {train: a.h5, test: a.h5}}  # train and test are the same file, 'a.h5'
data: {channels: 9}  # channels = 9 must divide n_units
data: {source: recordings}  # needs data.recordings
landscape: {lines: {directions: [filter9]}}  # lines.directions: 'filter9' is not one of
landscape: {seeds: [0, 9]}  # landscape.seeds: [9] are not among seeds
network: {delays: {}}  # landscapes know no network.delays
network: {recurrence: {arrives: next_step}}  # and no recurrence.arrives: next_step
network: {delays: {}, recurrence: {arrives: next_step}}  # recurrence.arrives: next_step is for
{landscape: {seeds: []}, network: {recurrence: {arrives: next_step, grid: 0.03}}}  # data.time_step
network: {tau: 20.0}  # 'network.tau': 20 s is not within 0.0001 to 1 s: milliseconds?
neurons: {lif: {network: {tau: 20.0}}}  # 'neurons.lif.network.tau': 20 s
search: {sampling: {space: [{key: network.tau, low: 0.01, high: 50.0}]}}  # 'search of network.tau'
variants: {slower: {changes: {x: {network.delay_line.copies: 5}}}}  # variants.slower: changes.x: \
no model has the section of 'network.delay_line.copies'
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


def test_times_that_look_like_milliseconds_can_be_meant():
    config = changed("network.tau", 20.0)
    assert validate(Study, {**config, "unusual": ["network.tau"]}).unusual == ("network.tau",)


@pytest.mark.parametrize(("folds", "repeats"), [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_seeds_are_shared_out_in_order(folds: int, repeats: int):
    """Three to each search; with one of them the next leads around all."""
    seeds = [9, 4, 7, 1, 0, 3, 12, 5, 8, 2, 6, 11][: 3 * folds * repeats]
    config = changed("seeds", seeds)
    config["search"]["repeats"] = repeats
    config["data"]["folds"] = {"size": 2} if folds > 1 else None
    study = validate(Study, config)
    assert [study.search_of(seed) for seed in seeds] == sorted([*range(folds * repeats)] * 3)
    names = [f"fold{k}" for k in range(folds)] if folds > 1 else ["own"]
    assert [study.fold_of(k) for k in range(study.n_searches)] == sorted(names * repeats)
    assert [study.next_seed(seed) for seed in seeds[:3]] == [4, 7, 9]


def test_settings_are_kept_without_the_places_of_copies():
    config = settings("heidelberg.yaml")
    plain = validate(Study, config).kept()
    spikes = {"train": "/mine/a.h5", "test": "/mine/b.h5"}
    config["data"]["heidelberg_digits"]["spikes"] = spikes
    config["data"]["path"] = "/mine/hd_audio.tar.gz"
    assert validate(Study, config).kept() == plain
    assert validate(Study, plain).kept() == plain


@pytest.mark.parametrize(
    "file", sorted((ROOT / "docs/results").glob("*/study.yaml")), ids=lambda f: f.parent.name
)
def test_settings_of_kept_studies_are_read_without_keys_that_are_gone(file: Path):
    validate(Study, kept_settings(file))


def test_defaults_are_the_same_for_all_neurons_of_which_one_can_be_left_out():
    """What config.yaml says of one neuron would reach every study that is laid over it."""
    assert list(validate(Study, changed("neurons.lif", None)).neurons) == ["qif"]
    study = settings("config.yaml")
    assert set(map(str, study["neurons"].values())) == {"{}"}
    models = {n: validate(Study, study).model(n).model_dump() for n in study["neurons"]}
    assert differences(models) == "All neuron models have the same settings"


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


def test_editors_take_what_a_study_takes():
    """Every shipped file, without what it is laid over; no key or value that the study refuses."""
    check = Draft202012Validator(schema())
    for file in (ROOT / "config").glob("*.yaml"):
        assert file.read_text().startswith("# yaml-language-server: $schema=schema.json\n")
        own = json.loads(json.dumps(yaml.safe_load(file.read_text()), default=str))
        assert [error.message for error in check.iter_errors(own)] == [], file
    assert check.is_valid({"neurons": {"lif": None}, "network": {"readout": {"window": 0.1}}})
    for wrong in ({"training": {"epoch": 3}}, {"seeds": [-1]}, {"neurons": {"lif": {"tau": 0.1}}}):
        assert not check.is_valid(wrong)


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
