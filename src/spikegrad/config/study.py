"""The whole configuration of a study, as in config/*.yaml."""

from __future__ import annotations

from spikegrad.config.base import Section


class Study(Section):
    """All settings of one study; config/README.md lists every key."""

    dataset: str
    """Name of the data and of the folder below results/; starts with the name of the source."""
