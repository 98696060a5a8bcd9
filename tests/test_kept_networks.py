"""The example on a kept study's page, with each of its networks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from networks import SINGLE
from spikegrad import load_network

RESULTS = Path(__file__).parents[1] / "docs" / "results"
NETWORKS = [
    pytest.param(
        file, id=file.stem,
        marks=() if file.stem.rpartition("_")[0] in SINGLE else pytest.mark.weekly,
    )
    for file in sorted(RESULTS.glob("*/networks/*.safetensors"))
]  # fmt: skip


@pytest.mark.parametrize("file", NETWORKS)
def test_every_kept_network_answers_to_a_spoken_word(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = file.parents[1]
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)
    (named,) = re.findall(r"networks/\S+\.safetensors", code)
    monkeypatch.chdir(folder)
    exec(code.replace(named, f"networks/{file.name}"), {})
    answer, word = capsys.readouterr().out.strip().split(" for ")
    assert answer == word  # a voice that no network has heard: all have understood it
    network, about = load_network(file)
    assert about["neuron"] == network.neuron
