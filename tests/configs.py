"""The configurations that the repository ships."""

from __future__ import annotations

import json
from functools import cache, reduce
from operator import getitem
from typing import Any

from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from smoke import ROOT


@cache
def shipped(name: str) -> str:
    """The configuration that snakemake makes of config.yaml and the file ``name`` over it."""
    config = load_configfile(str(ROOT / "config" / "config.yaml"))
    update_config(config, load_configfile(str(ROOT / "config" / name)))
    return json.dumps(config, default=str)


def settings(name: str) -> dict[str, Any]:
    return json.loads(shipped(name))


def changed(path: str, value: object) -> dict[str, Any]:
    """The smoke study with another value of one key."""
    config = settings("smoke.yaml")
    *parents, key = path.split(".")
    reduce(getitem, parents, config)[key] = value
    return config
