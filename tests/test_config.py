"""Settings: mistakes are explained, and what is written about them is in step with the models."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from spikegrad.settings import ConfigError, validate
from study.config import reference
from study.config.study import Study

ROOT = Path(__file__).parents[1]


def settings(name: str) -> dict:
    """The configuration that snakemake makes of config.yaml and the file ``name`` over it."""
    config = load_configfile(str(ROOT / "config" / "config.yaml"))
    update_config(config, load_configfile(str(ROOT / "config" / name)))
    return config


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "config").glob("*.yaml")))
def test_shipped_configurations_are_valid(name):
    assert validate(Study, settings(name)).dataset


def changed(path: str, value: object) -> dict:
    config = settings("smoke.yaml")
    *parents, key = path.split(".")
    section = config
    for parent in parents:
        section = section[parent]
    section[key] = value
    return config


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("trainnig", {}, "'trainnig' is not a known key; did you mean 'training'?"),
        (
            "training.epoch",
            3,
            "'training.epoch' is not a known key; did you mean 'epochs'?",
        ),
        ("network.init.men", 0.1, "'network.init.men' is not a known key; did you mean 'mean'?"),
        ("training.epochs", "3", "'training.epochs' = '3'"),
        ("training.epochs", 0, "'training.epochs' = 0"),
        ("training.epochs", 2.5, "'training.epochs' = 2.5"),
        ("training.clip", float("nan"), "'training.clip'"),
        ("network.layers", [], "'network.layers' = []"),
        ("network.tau", -0.02, "'network.tau' = -0.02"),
        ("seeds", [0, -1], "'seeds.1' = -1"),
        ("neurons", {"adex": {}}, "adex"),
        ("dataset", "shd", "must start with data.source"),
        ("seeds", [0, 1, 2], "3 of them cannot be shared out evenly among search.repeats = 2"),
        ("seeds", [0, 2], "at least two for each search"),
    ],
)
def test_a_mistake_is_named_with_its_key(path, value, message):
    with pytest.raises(ConfigError) as caught:
        validate(Study, changed(path, value))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value).strip() or str(caught.value).count("\n") < 3


@given(
    st.lists(st.integers(0, 99), min_size=2, max_size=12, unique=True), st.sampled_from([1, 2, 3])
)
@trials(max_examples=20, deadline=None)
def test_seeds_are_shared_out_in_order(seeds: list[int], repeats: int):
    each = len(seeds) // repeats
    assume(each >= 2)
    seeds = seeds[: each * repeats]
    config = changed("seeds", seeds)
    config["landscape"]["seeds"] = seeds[:2]
    config["search"]["repeats"] = repeats
    study = validate(Study, config)
    assert [study.search_of(seed) for seed in seeds] == sorted([*range(repeats)] * each)
    for seed in seeds:
        way = [seed]
        while (following := study.next_seed(way[-1])) != seed:
            way.append(following)
        assert len(way) == each
        assert {study.search_of(other) for other in way} == {study.search_of(seed)}
    config["search"], config["variants"] = None, {}
    assert {validate(Study, config).search_of(seed) for seed in seeds} == {0}


def test_a_missing_key_is_named():
    config = settings("smoke.yaml")
    del config["training"]["epochs"]
    with pytest.raises(ConfigError, match=r"'training\.epochs' is missing"):
        validate(Study, config)


def test_what_is_written_about_settings_is_in_step_with_the_models():
    settings = reference.SETTINGS.read_text()
    remedy = "run: python -m study.config.reference"
    assert reference.FILE.read_text() == reference.reference(), remedy
    assert settings == reference.commented(settings), remedy


def test_every_key_is_explained():
    """But for the tags of unions, whose only value says it all."""
    rows = [row.split(" | ") for row in reference.reference().splitlines() if row.startswith("| `")]
    assert [row[0] for row in rows if row[-1] == " |" and not row[1].startswith('`"')] == []


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


def test_the_conda_environment_is_in_step_with_the_package():
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


def test_the_lock_pins_every_dependency_but_torch_by_hashes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split("[<>=]", spec)[0].strip().lower() for spec in wanted}
    assert names - locked().keys() == {"torch"}


def test_actions_are_pinned_by_commit_and_may_only_read():
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = yaml.safe_load(file.read_text())
        used = re.findall(r"uses: (\S+)", file.read_text())
        assert all(re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", action) for action in used)
        assert workflow["permissions"] == {"contents": "read"}
