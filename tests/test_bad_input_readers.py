"""Damaged checkpoints, tables and records: one error that names the file and what to do."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from spikegrad.saving import CheckpointError, load_tensors, save_tensors
from study.search.trial_records import (
    RUNNING,
    Generation,
    RecordError,
    Trial,
    TrialRecord,
    read_generation,
    read_records,
    write_generation,
    write_record,
)
from study.storage.tables import READERS, damaged, read_table, write_table

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
TENSORS = {
    "weight": torch.arange(12.0).reshape(3, 4),
    "step": torch.tensor(3.0),
    "count": torch.tensor([1, 2]),
    "none": torch.zeros(0, 2, dtype=torch.float64),
}
HEADER = {"identity": "abc", "history": [{"loss": 0.1, "accuracy": None}, {"loss": float("inf")}]}


def flipped(content: bytes, n: int) -> Iterator[bytes]:
    """``content`` with some wrong bits, ``n`` times."""
    draw = random.Random(0)
    for _ in range(n):
        damaged = bytearray(content)
        for _ in range(draw.choice([1, 1, 1, 4, 64])):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        yield bytes(damaged)


def test_tensors_are_kept(tmp_path: Path) -> None:
    save_tensors(tmp_path / "x.safetensors", TENSORS, HEADER)
    tensors, header = load_tensors(tmp_path / "x.safetensors")
    assert header == HEADER
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"]
    content = (tmp_path / "x.safetensors").read_bytes()
    for _ in range(5):  # safetensors would write two entries of a header in any order
        save_tensors(tmp_path / "x.safetensors", TENSORS, HEADER)
        assert (tmp_path / "x.safetensors").read_bytes() == content


def test_products_of_tensors_do_not_depend_on_the_header(tmp_path: Path) -> None:
    """Its length decides where in memory a tensor would lie, and so in which order BLAS adds up."""
    draw = torch.Generator().manual_seed(0)
    other, *rows = torch.randn(41, 731, dtype=torch.float64, generator=draw)
    products = set()
    for length in (0, 8):
        tensors = {str(number): row for number, row in enumerate(rows)}
        save_tensors(tmp_path / "x.safetensors", tensors, {"about": "x" * length})
        loaded, _ = load_tensors(tmp_path / "x.safetensors")
        products.add(tuple(float(other @ loaded[name]) for name in tensors))
    assert len(products) == 1


def test_tensors_cut_anywhere_or_with_a_wrong_bit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, TENSORS, HEADER)
    content = path.read_bytes()
    cut = (content[:length] for length in range(0, len(content), 7))
    for damage in (*cut, *flipped(content, 300)):
        path.write_bytes(damage)
        try:
            tensors, header = load_tensors(path)
        except CheckpointError as error:
            message = str(error)
        else:  # a bit that says nothing, such as one of a space
            assert header == HEADER
            assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
            continue
        assert "x.safetensors" in message
        assert "delete it" in message or "has not written" in message


def test_records_cut_short_are_named(tmp_path: Path) -> None:
    trial = Trial(3, 7, {"network.tau": 0.1})
    folder, trials = tmp_path / "job0", tmp_path / "trials.json"
    write_record(
        folder, TrialRecord(trial, RUNNING, "", ({"validation_accuracy": 0.5},), {}, 1, 12, 0.5)
    )
    write_generation(trials, Generation((trial,), final=True))
    assert read_records([folder], [trial])[0].trial == trial
    assert read_generation(trials) == Generation((trial,), final=True)
    for file in (folder / "3-7.json", trials):
        content = file.read_bytes()
        for share in (0.9, 0.3, 0.0):
            file.write_bytes(content[: int(share * len(content))])
            with pytest.raises(RecordError, match=rf"{file.name}: no whole file of trials"):
                read_generation(file) if file == trials else read_records([folder], [trial])


@pytest.mark.parametrize("content", ["[1, 2]", "{}", '{"trial": 3}', "null", "\x00"])
def test_other_json_for_a_record_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "1-7.json").write_text(content)
    with pytest.raises(RecordError, match=r"1-7\.json"):
        read_records([tmp_path], [Trial(1, 7, {})])


def whole_files(folder: Path) -> list[Path]:
    """A whole file of each kind."""
    table = pd.DataFrame({"neuron": ["lif", "qif"] * 50, "loss": np.arange(100.0)})
    paths = {suffix: folder / f"x{suffix}" for suffix in READERS}
    table.to_parquet(paths[".parquet"])
    table.to_csv(paths[".csv"])
    paths[".json"].write_text(json.dumps({"a": [1, 2]}))
    paths[".yaml"].write_text(yaml.safe_dump({"a": [1, {"b": "c"}]}, default_flow_style=True))
    return list(paths.values())


def test_damaged_files_are_found_among_others(tmp_path: Path) -> None:
    files = whole_files(tmp_path)
    assert not [*damaged([*files, tmp_path])]
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        (line,) = damaged(files)
        assert line.startswith(f"{file} is damaged (")
        assert "delete it" in line
        file.write_bytes(content)


def test_a_wrong_bit_in_the_values_of_a_parquet_table_is_found(tmp_path: Path) -> None:
    table = pd.DataFrame({"loss": np.random.default_rng(0).normal(size=1000)})
    write_table(table, tmp_path / "x.parquet")
    content = (tmp_path / "x.parquet").read_bytes()
    place = content.index(table["loss"].to_numpy()[500].tobytes())
    (tmp_path / "x.parquet").write_bytes(content[:place] + b"?" + content[place + 1 :])
    with pytest.raises(OSError, match="CRC checksum"):
        read_table(tmp_path / "x.parquet")


def test_files_for_which_memory_is_missing_are_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path) -> None:
        raise MemoryError(f"malloc of {path.stat().st_size} bytes failed")

    files = whole_files(tmp_path)
    monkeypatch.setattr("study.storage.tables.READERS", dict.fromkeys(READERS, read))
    assert not [*damaged(files)]


@pytest.mark.parametrize("name", ["results/scores/x.parquet", "results/scores", "lost"])
def test_a_failed_job_names_its_damaged_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As the scripts do it: uncaught, through the hook of _job.py. What is named to be deleted is
    the input: a file, or the folder in which a table is damaged or lost."""
    (tmp_path / "results" / "scores").mkdir(parents=True)
    table = whole_files(tmp_path / "results" / "scores")[0].relative_to(tmp_path)
    given = "results/scores" if name == "lost" else name
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPIKEGRAD_STARTED", "inf")  # no code is edited since
    table.write_bytes(table.read_bytes()[:100])
    if name == "lost":
        table.unlink()
    script = f"""
import sys
from types import SimpleNamespace
sys.path.insert(0, {str(SCRIPTS)!r})
from _job import start
from study.storage.tables import read_table
snakemake = SimpleNamespace(threads=1, log=["job.log"], rule="summarise", input=[{given!r}])
snakemake.params = type("Params", (dict,), {{"code": ""}})()
start(snakemake)
read_table({str(table)!r})
"""
    (tmp_path / "job.py").write_text(script)
    command = [sys.executable, "job.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode != 0
    (line,) = [line for line in run.stderr.splitlines() if "makes it again" in line]
    state = "is lost" if name == "lost" else "is damaged ("
    assert line.startswith(f"summarise: {table} {state}")
    what = "it" if given == str(table) else given
    assert line.endswith(f"; delete {what}, and snakemake makes it again")
    assert "Traceback" not in run.stderr
    assert "Traceback" in (tmp_path / "job.log").read_text()
