"""The configurations that the repository ships."""

from __future__ import annotations

import json
from functools import cache, reduce
from operator import getitem
from typing import Any

from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from smoke import ROOT
from study.config.overlays import layers


@cache
def shipped(name: str) -> str:
    """The configuration that config.yaml makes with the file ``name`` over it, and what that is
    based on."""
    config: dict[str, Any] = {}
    for layer in layers(
        [ROOT / "config" / file for file in ("config.yaml", name)], load_configfile
    ).values():
        update_config(config, layer)
    return json.dumps(config, default=str)


def settings(name: str) -> dict[str, Any]:
    return json.loads(shipped(name))


def changed(path: str, value: object) -> dict[str, Any]:
    """The smoke study with another value of one key."""
    config = settings("smoke.yaml")
    *parents, key = path.split(".")
    reduce(getitem, parents, config)[key] = value
    return config
