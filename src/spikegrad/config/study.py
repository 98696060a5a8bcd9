"""The whole configuration of a study, as in config/*.yaml."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from spikegrad.config.base import Section
from spikegrad.config.data import DataConfig


class Study(Section):
    """All settings of one study; config/README.md lists every key."""

    dataset: str = Field(pattern=r"^[a-z][a-z0-9_.-]*$")
    """Name of the data and of the folder below results/; starts with the name of the source."""
    data: DataConfig
    """Where the spikes come from, and how they are split."""

    @model_validator(mode="after")
    def _results_name_their_data(self) -> Self:
        if not self.dataset.startswith(self.data.source):
            raise ValueError(
                f"dataset '{self.dataset}' must start with data.source, '{self.data.source}', so"
                " that results always name their data"
            )
        return self
