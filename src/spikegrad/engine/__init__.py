"""The event engine: runs spiking layers exactly from event to event, and their adjoint back."""

import hashlib
import os
from pathlib import Path

import llvmlite.binding
import numba


def _cache_folder() -> Path:
    """A folder named by a hash of every source that is compiled into the kernels.

    Numba's own key sees only the file that a kernel stands in: after an edit in a neuron's
    file it would go on to run the old machine code.
    """
    package = Path(__file__).parent.parent
    sources = sorted([*package.glob("engine/*.py"), *package.glob("neurons/*.py")])
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    base = os.environ.get("NUMBA_CACHE_DIR") or Path.home() / ".cache" / "spikegrad"
    return Path(base) / f"engine-{digest}"


numba.config.CACHE_DIR = str(_cache_folder())

# LLVM keeps to half registers on processors that once slowed down for whole ones. The kernels'
# loops are long arithmetic on few rows, and twice as fast without that preference.
_features = llvmlite.binding.get_host_cpu_features()
if numba.config.CPU_FEATURES is None and _features.get("avx512f"):
    numba.config.CPU_FEATURES = f"{_features.flatten()},-prefer-256-bit"

# What is compiled anywhere in the package comes from here, so that it is compiled as set up above:
# the compiler reads its settings once, at the first function.
njit = numba.njit
