"""The data's settings: what is allowed, and that errors name the key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from spikegrad.settings import ConfigError, validate
from study.config.data import DataConfig
from study.config.study import Study


@pytest.mark.parametrize("source", ["shd", "ssc", "spoken-digits"])
def test_a_source_alone_is_a_valid_section(source: str) -> None:
    config = validate(DataConfig, {"source": source})
    assert (config.n_units, config.duration, config.time_step) == (700, 1.4, None)


def test_settings_of_other_sources_may_stay() -> None:
    """Snakemake merges configuration files, so that the demo's lies on top of the study's."""
    merged = {
        "source": "spoken-digits",
        "shd": {"path": "/copy"},
        "files": {"train": "a.h5", "test": "b.h5"},
    }
    assert validate(DataConfig, merged).source == "spoken-digits"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": "mnist"}, "'source' = 'mnist'"),
        ({"source": "files"}, "data.files.train and data.files.test"),
        ({"source": "shd", "duratoin": 1.0}, "did you mean 'duration'"),
        ({"source": "shd", "duration": "1.4"}, "'duration' = '1.4'"),
        ({"source": "shd", "time_step": 0.0}, "'time_step'"),
        ({"source": "shd", "validation": {"fraction": 0}}, "'validation.fraction'"),
        ({"source": "recordings"}, "needs data.recordings"),
    ],
)
def test_mistakes_are_named(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        validate(DataConfig, settings)


@pytest.mark.parametrize(
    ("digits", "message"),
    [
        ({"digits": [10]}, "digits"),
        ({"digits": [1, 1]}, "twice in digits"),
        ({"voices": ["m1", "m1"]}, "twice in voices"),
        ({"unseen_voices": ["m1"]}, "twice in voices"),
    ],
)
def test_mistakes_of_spoken_digits_are_named(digits: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        validate(DataConfig, {"source": "spoken-digits", "spoken_digits": digits})


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        ({"folder": "a"}, "either table or names"),
        ({"table": "a.csv"}, "either folder or archive"),
        ({"folder": "a", "table": "b", "names": {"pattern": "(?P<label>a)(?P<speaker>b)"}}, "eith"),
        ({"folder": "a", "names": {"pattern": "("}}, "no regular expression"),
        ({"folder": "a", "names": {"pattern": "(?P<label>a)"}}, "needs the groups"),
        ({"folder": "{a}", "table": "b"}, "folder"),
        ({"folder": "a", "table": "b", "sample_rate": 8000}, "sample_rate"),
        ({"archive": {"urls": ["ftp://a/b.zip"]}, "table": "b"}, "urls"),
    ],
)
def test_mistakes_of_recordings_are_named(recordings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        validate(DataConfig, {"source": "recordings", "recordings": recordings})


def test_results_name_their_data() -> None:
    settings = yaml.safe_load((Path(__file__).parents[1] / "config/config.yaml").read_text())
    assert validate(Study, settings).dataset == "shd"
    with pytest.raises(ConfigError, match=r"dataset 'digits' must start with data\.source, 'shd'"):
        validate(Study, settings | {"dataset": "digits"})
    with pytest.raises(ConfigError, match="'dataset'"):
        validate(Study, settings | {"dataset": "shd/../.."})
