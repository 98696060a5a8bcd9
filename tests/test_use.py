"""What new users did first: layers as they are built, overlays, milliseconds, other folders."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from smoke import ROOT
from spikegrad import IntegratedReadout, MaximumReadout, SpikeTrains, SpikingLayer
from spikegrad.settings import ConfigError, validate
from study.config.overlays import by_neuron, differences, hidden
from study.config.study import Study
from test_config import changed, settings
from test_workflow import edited, planned


def poisson(n_units: int, rate: float, seed: int = 0) -> SpikeTrains:
    """Eight trials of a second, ``rate`` spikes per second and unit."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate * n_units, 8)
    units = [rng.integers(n_units, size=n) for n in counts]
    return SpikeTrains.from_arrays([rng.random(n) for n in counts], units, 1.0)


@pytest.mark.parametrize("neuron", ["lif", "qif", "qif_delta"])
@pytest.mark.parametrize(("n_units", "rate"), [(20, 10.0), (700, 10.0), (100, 3.0)])
def test_a_layer_spikes_as_it_is_built(neuron: str, n_units: int, rate: float):
    torch.manual_seed(0)
    layer = SpikingLayer(n_units, 16, neuron, recurrent=True)
    out = layer(poisson(n_units, rate))
    rates = len(out.times) / 8 / 16
    assert 0.5 < rates < 100
    out.times.sum().backward()
    assert layer.weight.grad.norm() > 0
    assert layer.recurrent_weight.grad.norm() > 0


def test_layers_are_drawn_as_those_of_torch():
    """From torch's generator: a seed gives the same weights, the next layer others."""
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        layers = [SpikingLayer(5, 4, recurrent=True), SpikingLayer(5, 4, recurrent=True)]
        layers += [IntegratedReadout(5, 4, 0.02, 0.3), MaximumReadout(5, 4, 0.02)]
        drawn.append([weight.detach() for layer in layers for weight in layer.parameters()])
    for one, other in zip(*drawn, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(drawn[0][0], drawn[0][2])


@pytest.mark.parametrize(
    "readout", [IntegratedReadout(50, 500, 0.02, 0.3), MaximumReadout(50, 500, 0.02)]
)
def test_a_readout_gives_logits_of_its_scale_as_it_is_built(readout):
    """Each neuron spikes once in most trials, early: logits of the order of 1."""
    early = [np.full(50, 0.01) for _ in range(4)]
    logits = readout(SpikeTrains.from_arrays(early, [np.arange(50)] * 4, 1.0))
    assert 0.3 < logits.square().mean().sqrt() < 3


@pytest.mark.parametrize("dense", [torch.zeros(8, 100, 20), np.zeros((8, 100, 20))])
def test_a_dense_tensor_is_told_what_is_taken(dense):
    with pytest.raises(TypeError, match=r"takes SpikeTrains, not .*SpikeTrains\.from_arrays"):
        SpikingLayer(20, 16)(dense)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("network.tau", 20.0, "'network.tau': 20 s is not within 0.0001 to 1 s: milliseconds?"),
        ("network.readout.window", 300.0, "'network.readout.window': 300 s"),
        ("data.duration", 900.0, "'data.duration': 900 s"),
        ("data.time_step", 1.0, "'data.time_step': 1 s"),
        ("neurons.lif", {"network": {"tau": 20.0}}, "'neurons.lif.network.tau': 20 s"),
        (
            "search.sampling.space",
            [{"key": "network.tau", "low": 0.01, "high": 50.0}],
            "'search of network.tau': 50 s",
        ),
    ],
)
def test_milliseconds_are_asked_about_and_can_be_meant(path, value, message):
    config = changed(path, value)
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        validate(Study, config)
    key = re.search(r"list '(.*?)' in `unusual`", str(caught.value))[1]
    assert validate(Study, {**config, "unusual": [key]}).unusual == (key,)


def test_a_neuron_can_be_left_out():
    assert list(validate(Study, changed("neurons.lif", None)).neurons) == ["qif", "qif_delta"]


def test_defaults_are_the_same_for_all_neurons():
    """What config.yaml says of one neuron would reach every study that is laid over it."""
    neurons = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())["neurons"]
    assert set(map(str, neurons.values())) == {"{}"}
    assert (
        differences(
            {n: validate(Study, settings("config.yaml")).model(n).model_dump() for n in neurons}
        )
        == "nothing"
    )


KEYS = st.sampled_from(["network.tau", "network.drive", "training.clip"])
LAYER = st.dictionaries(
    st.one_of(KEYS, KEYS.map("neurons.lif.{}".format), KEYS.map("neurons.qif.{}".format)),
    st.integers(0, 2),
)


def nested(values: dict[str, int]) -> dict:
    config: dict = {}
    for path, value in values.items():
        *parents, key = path.split(".")
        section = config
        for parent in parents:
            section = section.setdefault(parent, {})
        section[key] = value
    return config


@given(st.lists(LAYER, min_size=1, max_size=4))
@trials(max_examples=200, deadline=None)
def test_a_hidden_overlay_is_what_a_neuron_does_not_get(layers: list[dict[str, int]]):
    """By brute force: the last value for all, where a neuron's own one came before and differs."""
    told = {
        (line.split(" = ")[0], re.search(r"does not reach (\w+)", line)[1])
        for line in hidden([(f"{k}.yaml", nested(layer)) for k, layer in enumerate(layers)])
    }
    wanted = set()
    for key in ("network.tau", "network.drive", "training.clip"):
        for neuron in ("lif", "qif"):
            common = own = None
            stale = False
            for layer in layers:
                if f"neurons.{neuron}.{key}" in layer:
                    own, stale = layer[f"neurons.{neuron}.{key}"], False
                if key in layer and f"neurons.{neuron}.{key}" not in layer:
                    stale = own is not None
                common = layer.get(key, common)
            if stale and common != own:
                wanted.add((key, neuron))
    assert told == wanted


def test_a_hidden_overlay_is_told_with_both_files_and_differences_by_name():
    demo = {"neurons": {"lif": {"network": {"tau": 0.05}}}}
    (line,) = hidden([("demo.yaml", demo), ("mine.yaml", {"network": {"tau": 0.1}})])
    assert line == (
        "network.tau = 0.1 of mine.yaml does not reach lif, which has neurons.lif.network.tau ="
        " 0.05 of demo.yaml; set that in mine.yaml, too"
    )
    left_out = {"network": {"tau": 0.1}, "neurons": {"lif": None}}
    assert hidden([("demo.yaml", demo), ("mine.yaml", left_out)]) == []
    models = {
        "lif": {"network": {"tau": 0.05, "drive": 0}},
        "qif": {"network": {"tau": 0.1, "drive": 0}},
    }
    assert differences(models) == "network.tau lif 0.05, qif 0.1"
    assert by_neuron(models)["network.drive"] == {"lif": 0, "qif": 0}


def test_longer_training_repeats_no_trial(finished, tmp_path):
    """But the finalists, who are trained as long as the final networks are."""
    project = edited(finished, tmp_path)
    (project / "mine.yaml").write_text("training: {epochs: 3, snapshots: 4}\n")
    jobs = planned(project, "--configfile", "config/smoke.yaml", "mine.yaml")
    assert {"search_finalists", "train"} <= set(jobs)
    assert not {"search_trials", "search_suggest", "search_data"} & set(jobs)


def test_the_folder_does_not_matter(tmp_path):
    """Neither that of the command, nor that of the results."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--cores", "1"]
    places = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path / "results")]
    smoke = str(ROOT / "config" / "smoke.yaml")
    run = subprocess.run(
        [*command, *places, "--configfile", smoke], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert re.search(r"^train +12$", run.stdout + run.stderr, re.MULTILINE)


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        ("config/smoke.yaml", "spoken-digits-smoke"),
        ("config/config.yaml", "shd"),
        ("config/demo.yaml config/fsdd.yaml", "fsdd"),
    ],
)
def test_the_report_lies_beside_the_studys_results(files: str, folder: str):
    make = ["make", "--no-print-directory", "--dry-run", "report", f"CONFIG={files}"]
    told = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"mkdir -p results/{folder}/\n" in told
    assert told.endswith(f"--configfile {files} --report results/{folder}/report.html\n")
