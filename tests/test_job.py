"""What every script of the workflow does first and last, tried with a script of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from smoke import copy_repository

SNAKEFILE = """
import os, time
from pathlib import Path
from study.storage.provenance import code_digest
os.environ["SPIKEGRAD_STARTED"] = str(time.time())
TEXTS = {"comment": "# a comment", "edit": "EDITED = True"}
rule edit:
    output: "{place}/{text}.txt"
    log: "{place}/{text}.log"
    priority: lambda wildcards: wildcards.text == "comment"
    threads: 1
    params: code=code_digest(Path("workflow/scripts/edit.py")), text=lambda w: TEXTS[w.text]
    script: "workflow/scripts/edit.py"
"""
SCRIPT = """
import os
from pathlib import Path
from _job import start
import spikegrad.seeds
if snakemake.wildcards.place == "elsewhere":  # a machine that does not know when it began
    del os.environ["SPIKEGRAD_STARTED"]
start(snakemake)
Path(snakemake.output[0]).write_text("result")
with open(spikegrad.seeds.__file__, "a") as file:
    file.write(f"\\n{snakemake.params.text}\\n")
"""


def test_code_edited_while_a_job_runs_throws_its_outputs_away(tmp_path: Path) -> None:
    """They would be newer than the edit, and pass for results of the edited code."""
    copy_repository(tmp_path)
    (tmp_path / "workflow" / "scripts" / "edit.py").write_text(SCRIPT)
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    outputs = [
        f"{place}/{text}.txt" for text in ("comment", "edit") for place in ("here", "elsewhere")
    ]
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}/src:{tmp_path}/workflow"}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--keep-going", *outputs]
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert run.returncode != 0
    written = [name for name in outputs if (tmp_path / name).exists()]
    assert written == ["here/comment.txt", "elsewhere/comment.txt"], run.stderr
    assert "code that it runs was edited after snakemake started" in run.stderr
    for place in ("here", "elsewhere"):
        assert "was edited" in (tmp_path / place / "edit.log").read_text()
        assert not (tmp_path / place / "comment.log").read_text()
