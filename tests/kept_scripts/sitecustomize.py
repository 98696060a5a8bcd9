"""With this folder on PYTHONPATH, Python keeps a copy of each script that Snakemake has it run.

Snakemake deletes these files, which hold all that a job is given, when the job ends.
"""

import shutil
import sys
from pathlib import Path

script = Path(sys.orig_argv[-1])
if script.parent.name == "scripts" and script.parent.parent.name == ".snakemake":
    kept = script.parents[1] / "kept"
    kept.mkdir(exist_ok=True)
    shutil.copy(script, kept)
