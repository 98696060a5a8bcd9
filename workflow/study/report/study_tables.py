"""The tables of a study, below results/ or published below docs/results/, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from study.config.data import OWN
from study.config.neurons import NEURON_STYLES
from study.config.variants import slug
from study.storage.tables import read_table
from study.training.scores import UNITS, unit_of
from study.variants import read_runs

ABOUT = "about.yaml"
"""Of a published study: the commit of its code; of those that the list of kept studies has, their
question, and the commit and command of their jobs."""
CONFIG = "study.yaml"
"""The whole configuration of the study, beside its tables."""


@dataclass(frozen=True)
class StudyTables:
    """What the study in ``folder`` has found."""

    folder: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        return yaml.safe_load((self.folder / CONFIG).read_text())

    @property
    def about(self) -> dict[str, Any]:
        file = self.folder / ABOUT
        return yaml.safe_load(file.read_text()) if file.exists() else {}

    def has(self, name: str) -> bool:
        """Whether there is such a file, which the study still makes."""
        return (self.folder / name).exists() and self._is_part(name)

    def _is_part(self, name: str) -> bool:
        """Whether the study has the part that a file belongs to; a file of a part that it has
        left out since is of other settings."""
        match Path(name).parts:
            case "variants", "figures", figure:
                return Path(figure).stem.removeprefix("variants_") in self._variant_names
            case "variants", _, variant, *_:
                return variant in self._variant_names
            case "landscape", *_:
                return bool(self.config["landscape"]["seeds"])
            case "networks", network if network.endswith(".safetensors"):
                return Path(network).stem.rpartition("_")[0] in self.neurons
        return True

    @property
    def _variant_names(self) -> list[str]:
        """The study's variants, as files name them."""
        return [slug(name) for name in self.config["variants"]]

    def table(self, name: str) -> pd.DataFrame:
        """The table of a file such as "training/scores/runs.csv"."""
        return read_table(self.folder / name)

    @cached_property
    def variants(self) -> dict[str, pd.DataFrame]:
        """The runs of each variant, by the name of its folder."""
        names = self.glob("variants/scores/*/runs.csv")
        return {Path(name).parent.name: read_runs(self.folder / name) for name in names}

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Scores of all final networks, with ``train_accuracy``, that of their last epoch."""
        histories = self.table("training/scores/histories.parquet").sort_values("epoch")
        last = histories.groupby(["neuron", "seed"])["train_accuracy"].last()
        runs = self.table("training/scores/runs.csv")
        return runs.join(last, on=["neuron", "seed"])

    @cached_property
    def networks(self) -> dict[str, str]:
        """Files of the first network of each search, by the names under which they are published:
        those of training, or of a published study those that it keeps."""
        found: dict[str, str] = {}
        for run in self.runs.drop_duplicates(["neuron", "search"]).itertuples():
            name = f"networks/{run.neuron}_{run.search}.safetensors"
            trained = f"training/{run.neuron}/{run.seed}/trained.safetensors"
            existing = [file for file in (trained, name) if (self.folder / file).exists()]
            if existing:
                found[name] = existing[0]
        return dict(sorted(found.items()))

    @cached_property
    def folds(self) -> list[str]:
        """The study's outer folds; one if its networks were not trained in several."""
        return list(dict.fromkeys(self.runs.get("fold", [OWN])))

    @property
    def unit(self) -> str:
        """What intervals are over, in the plural."""
        return UNITS[unit_of(self.runs)]

    @cached_property
    def neurons(self) -> list[str]:
        """The study's neuron models, LIF first."""
        return [neuron for neuron in NEURON_STYLES if neuron in set(self.runs["neuron"])]

    @cached_property
    def claims(self) -> pd.DataFrame:
        """All claims of the papers that the study has judged."""
        names = ("claims.csv", "ntk/claims.csv")
        return read_table(*[self.folder / name for name in names if self.has(name)])

    def glob(self, pattern: str) -> list[str]:
        """Files that ``pattern`` matches, relative to the folder, which the study still makes."""
        names = [str(file.relative_to(self.folder)) for file in sorted(self.folder.glob(pattern))]
        return [name for name in names if self._is_part(name)]
