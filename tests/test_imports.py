"""Which library files a script depends on, against what Python really loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from spikegrad.imports import PACKAGE, imported_files

SCRIPTS = PACKAGE.parents[1] / "workflow" / "scripts"


@pytest.mark.parametrize("name", ["train.py", "prepare.py", "compile_engine.py"])
def test_every_module_that_a_script_loads_is_found(name):
    """The script runs up to its first use of snakemake; what is loaded by then must be known."""
    probe = (
        "import sys, runpy\n"
        f"sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "class Stop(Exception): pass\n"
        "class Snakemake:\n"
        "    def __getattr__(self, name): raise Stop\n"
        "try:\n"
        f"    runpy.run_path({str(SCRIPTS / name)!r}, {{'snakemake': Snakemake()}})\n"
        "except Stop: pass\n"
        "files = {m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'spikegrad'}\n"
        "print(*files, sep='\\n')\n"
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = {Path(line).resolve() for line in run.stdout.split("\n") if line}
    found = {Path(file).resolve() for file in imported_files(SCRIPTS / name)}
    assert loaded
    assert loaded <= found


def test_unrelated_files_are_not_dependencies():
    found = {Path(file).name for file in imported_files(SCRIPTS / "prepare.py")}
    assert "prepare.py" in found
    assert not found & {"forward.py", "lif.py", "training.py", "ensemble.py"}
