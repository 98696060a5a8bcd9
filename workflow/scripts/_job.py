"""What every script does first, and last: keep to the rule's threads, leave a log, and see that
the code is still the one that the result will be filed under."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from threadpoolctl import threadpool_limits

# First: a conda environment of a rule has not our packages, or perhaps those of another clone.
WORKFLOW = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(WORKFLOW.parent / "src"), str(WORKFLOW)]


from study.storage.provenance import code_digest, code_variable, edited_since  # noqa: E402


def start(snakemake: Any) -> logging.Logger:
    """Limit BLAS to the rule's threads; send records and an uncaught exception to its log.

    Code that is edited until the script ends makes the job fail, so that its outputs go.
    """
    threadpool_limits(snakemake.threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(snakemake.threads)
    handlers = [logging.FileHandler(snakemake.log[0], mode="w"), logging.StreamHandler()]
    handlers[1].setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers
    )
    log = logging.getLogger(snakemake.rule)

    def record(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        with open(snakemake.log[0], "a") as file:
            traceback.print_exception(kind, error, trace, file=file)
        print(
            f"{snakemake.rule}: {kind.__name__}: {error} (traceback in {snakemake.log[0]})",
            file=sys.stderr,
        )

    sys.excepthook = record
    # Its own place; it runs as a copy.
    atexit.register(_fail_if_edited, snakemake, Path(sys.modules["__main__"].__file__ or ""))
    return log


def _fail_if_edited(snakemake: Any, script: Path) -> None:
    # When the workflow was read, if it was on this machine: then a glance at times is enough.
    started = float(os.environ.get("SPIKEGRAD_STARTED", "0"))
    modules = snakemake.params.get("modules", [])
    planned = os.environ.get(code_variable(script.name, *modules), snakemake.params.code)
    if not edited_since(started, script) or code_digest(script, *modules) == planned:
        return
    problem = (
        f"{snakemake.rule}: code that it runs was edited after snakemake started; the job's outputs"
        " are thrown away. Start snakemake again"
    )
    logging.getLogger(snakemake.rule).error(problem)
    print(problem, file=sys.stderr)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(1)  # at its exit Python takes no other way
