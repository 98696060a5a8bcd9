"""What every script does first: keep to the rule's threads, and leave a log."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from threadpoolctl import threadpool_limits

# Last, so that an installed package comes first: a conda environment of a rule has none.
sys.path.append(str(Path(__file__).resolve().parents[2] / "src"))


def start(snakemake: Any) -> logging.Logger:
    """Limit BLAS to the rule's threads; send records and an uncaught exception to its log."""
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
        from spikegrad.storage.damage import damaged  # now only, since good jobs do not need it

        for line in damaged(snakemake.input):
            print(f"{snakemake.rule}: {line}", file=sys.stderr)

    sys.excepthook = record
    return log
