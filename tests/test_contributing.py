"""What CONTRIBUTING.md tells a stranger to write works; and the house is as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import h5py

import packages
from smoke import ROOT, copy_repository, snakemake
from spikegrad.clocked import DYNAMICS
from spikegrad.neurons import NEURONS
from study.config.neurons import NEURON_STYLES, SURROGATE, neuron_of

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
BLOCKS = dict(re.findall(r"```\w+ title=\"(.*?)\"\n(.*?)```", TEXT, re.DOTALL))
TUTORIAL = (ROOT / "docs" / "tutorial-neuron.md").read_text()


def follow(project: Path, section: str) -> None:
    """Write the new files of a section, and add to those that there are."""
    own = TEXT.split(f"## {section}\n")[1].split("\n## ")[0]
    for name, block in BLOCKS.items():
        if f'title="{name}"' not in own:
            continue
        file = project / name
        before = file.read_text() + "\n\n" if file.exists() else ""
        file.write_text(before + block)


def insert(file: Path, *lines: tuple[str, str]) -> None:
    """Write each line before what is given first."""
    text = file.read_text()
    for place, line in lines:
        assert text.count(place) == 1
        text = text.replace(place, line + place)
    file.write_text(text)


def test_a_source_of_data_is_one_rule_file(tmp_path: Path):
    project = copy_repository(tmp_path)
    follow(project, "A new source of data")
    line = 'include: "rules/clicks.smk"\n'
    insert(project / "workflow" / "Snakefile", ('include: "rules/data.smk"', line))
    events = "results/files-clicks/data/events.h5"
    run = snakemake(project, "clicks.yaml", "--", events)
    assert run.returncode == 0, run.stdout + run.stderr
    with h5py.File(project / events) as file:
        assert file.attrs["n_units"] == 2
        assert len(file["labels"]) == 80


def test_a_neuron_is_one_file_and_a_line_in_each_table(tmp_path: Path):
    project = copy_repository(tmp_path)
    title = "src/spikegrad/neurons/alif.py"
    code = re.search(rf'```python title="{title}"\n(.*?)```', TUTORIAL, re.DOTALL)[1]
    (project / title).write_text(code)
    insert(
        project / "src/spikegrad/neurons/__init__.py",
        ("from spikegrad.neurons.lif import LIF\n", "from spikegrad.neurons.alif import ALIF\n"),
        ('"lif": LIF', '"alif": ALIF, '),
    )
    styles = "workflow/study/config/neurons.py"
    insert(project / styles, ('    "lif": NeuronStyle', BLOCKS[styles]))
    (project / "alif.yaml").write_text("neurons: {alif: {}}\n")
    plan = snakemake(project, "alif.yaml", "--dry-run")
    assert plan.returncode == 0, plan.stdout + plan.stderr
    # as many networks as of each other neuron model
    trained = re.findall(r"rule train:\n(?: .*\n)*? +wildcards: neuron=(\w+)", plan.stdout)
    assert Counter(trained)["alif"] == Counter(trained)["lif"] > 0
    code = "from spikegrad.neurons import NEURONS; NEURONS['alif']"
    environment = {"PYTHONPATH": f"{project}/src", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_neurons_that_can_be_named_can_be_made():
    assert list(NEURONS) == list(dict.fromkeys(map(neuron_of, NEURON_STYLES)))
    assert {s for s in NEURON_STYLES if s not in NEURONS} == {n + SURROGATE for n in DYNAMICS}


def test_the_picture_shows_the_packages_and_imports_go_one_way():
    arrows = packages.arrows()
    assert packages.PICTURE.read_text() == packages.picture(arrows)  # CycleError names a circle
    for package in filter(lambda package: package.startswith("src/"), arrows):
        assert all(other.startswith("src/") for other in arrows[package]), package


def test_what_newcomers_are_shown_is_there():
    table = TEXT.split("## Where things are")[1].split("\n## ")[0]
    for path in re.findall(r"`((?:src|workflow|config|docs)/[\w./-]+)`", table):
        assert (ROOT / path).exists(), path
