"""Settings of the machines on which a study is computed."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from spikegrad.settings import Section

PINS = {
    "avx2": {
        "NUMBA_CPU_NAME": "x86-64-v3",
        "NUMBA_CPU_FEATURES": "",  # those of that name, none of the processor at hand
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_CBWR": "COMPATIBLE",  # the one path that Intel's library takes on AMD as well
    }
}
"""Environment variables that make all processors with an instruction set compute the same bits."""


class Machines(Section):
    """On what the study is computed; but for `container`, a change of these repeats nothing."""

    instruction_set: Literal["own", "avx2"] = "own"
    """What all jobs keep to, so that bits do not depend on the type of processor: avx2 for x86
    processors since 2015 (kernels of large matrices get slower); own takes all that each has."""
    job_minutes: PositiveInt = 1440
    """Wall time that a job asks for at most. Training, trials and NTK networks that are stopped
    there go on from their last state in the next attempt."""

    container: str | None = None
    """Image that jobs run in with `--software-deployment-method apptainer`: a file made of
    envs/Containerfile, or a URL. Another software environment, so a change repeats all; null is the
    environment at hand."""

    def variables(self) -> dict[str, str]:
        """Environment variables for the jobs."""
        return PINS.get(self.instruction_set, {})
