"""How the package but for its cochlea is compiled: our own settings, and nobody else's changed.

Numba reads its settings once for a whole process, at the first function it compiles. So what we
want goes into each of our own functions instead: machine code, and with it each bit of a result,
is the same whatever was imported or compiled before, and other people's functions stay as they
were.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import llvmlite.binding
import numba
from llvmlite.ir import MetaDataString
from llvmlite.ir.instructions import (
    Branch,
    CallInstr,
    ConditionalBranch,
    LoadInstr,
    StoreInstr,
)
from llvmlite.ir.values import MDValue
from numba.core.caching import UserProvidedCacheLocator
from numba.core.codegen import CPUCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, PassManager
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

# LLVM uses half registers on processors that once slowed down for whole ones. The kernels' loops
# are long arithmetic on few rows, and twice as fast with whole ones.
WHOLE_REGISTERS = '"prefer-vector-width"="512"'

_INDEPENDENT: set[Callable] = set()
"""Functions in whose loops no round reads or writes memory that another writes."""


def processor() -> tuple[str, str]:
    """The name and the features that Numba compiles for, in LLVM's terms."""
    name = os.environ.get("NUMBA_CPU_NAME") or llvmlite.binding.get_host_cpu_name()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    if features is None:
        features = llvmlite.binding.get_host_cpu_features().flatten()
    return name, features


class _Distinct(MDValue):
    """A metadata node of LLVM's that is equal to no other."""

    def __init__(self, module: Any) -> None:
        super().__init__(module, (), str(len(module.metadata)))

    def descr(self, buf: list[str]) -> None:
        operands = ", ".join(node.get_reference() for node in self.operands)
        buf += (f"distinct !{{ {operands} }}", "\n")


class _Lower(Lower):
    """Writes a function in LLVM's language, and what LLVM cannot see or would do otherwise."""

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        attributes = self.function.attributes
        attributes._known = attributes._known | {WHOLE_REGISTERS}  # llvmlite knows no such pair
        attributes.add(WHOLE_REGISTERS)

    def post_lower(self) -> None:
        super().post_lower()
        if self.func_ir.func_id.func in _INDEPENDENT:
            self.say_that_rounds_are_independent()

    def say_that_rounds_are_independent(self) -> None:
        """No round of the function's loops reads or writes what another writes.

        Rows lie in slots of one array. LLVM would else compare the addresses of all of them before
        each loop, which takes a sixth of the time of a forward pass through 128 neurons.
        """
        module = self.module
        group, loop = _Distinct(module), _Distinct(module)
        accesses = MetaDataString(module, "llvm.loop.parallel_accesses")
        loop.operands = loop, module.add_metadata([accesses, group])
        for instruction in (i for block in self.function.blocks for i in block.instructions):
            if isinstance(instruction, LoadInstr | StoreInstr | CallInstr):
                instruction.set_metadata("llvm.access.group", group)
            elif isinstance(instruction, Branch | ConditionalBranch):
                # All: which of them will close a loop is seen when they have been simplified.
                instruction.set_metadata("llvm.loop", loop)


class _PartLibrary(CPUCodeLibrary):
    """What LLVM knows of a part: optimised as a whole within the kernels alone."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):
    _name = "spikegrad_native_lowering"

    @property
    def lowering_class(self) -> type[Lower]:
        return _Lower

    def run_pass(self, state: Any) -> bool:
        """A part that Python does not call has no machine code but that within the kernels."""
        part = state.flags.no_cpython_wrapper
        state.flags.no_compile = part
        if part:
            state.library = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        super().run_pass(state)
        if part:  # others find it by what would be its machine code: here a look-up that fails
            instead = dict[str, Any]().__getitem__
            state.targetctx.insert_user_function(instead, state.cr.fndesc, [state.library])
            state.cr = state.cr._replace(cfunc=instead)
        return True


class _Compiler(CompilerBase):
    """As Numba's, with whole registers, and parts of kernels without machine code of their own."""

    def define_pipelines(self) -> list[PassManager]:
        pipeline = DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.passes[:] = [
            (_Lowering if step is NativeLowering else step, description)
            for step, description in pipeline.passes
        ]
        pipeline.finalize()
        return [pipeline]


_PACKAGE = Path(__file__).parent.parent
SOURCES = sorted([*_PACKAGE.glob("engine/*.py"), *_PACKAGE.glob("neurons/*.py")])
"""All that is compiled into the kernels."""


class SharedLocator(UserProvidedCacheLocator):
    """Copies of the same sources share machine code, wherever they lie."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        own = Path(py_file)
        return own.parent.name if own in SOURCES else super().get_suitable_cache_subpath(py_file)


def _cache_folder() -> Path:
    """A folder named by the processor and a hash of every source that is compiled into the kernels.

    Numba's own key sees only the file that a kernel stands in: after an edit in a neuron's
    file it would go on to run the old machine code. Machines that share a folder would remove each
    other's entries from its index.
    """
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in SOURCES)).hexdigest()[:16]
    name, features = processor()
    kind = hashlib.sha256(features.encode()).hexdigest()[:8]
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or os.path.expanduser("~/.cache/spikegrad"))
    folder = base / f"engine-{digest}-{name}-{kind}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        raise OSError(
            f"compiled code cannot be kept in {base} ({problem.strerror}): set NUMBA_CACHE_DIR to a"
            " folder that can be written"
        ) from None
    return folder


_CACHE_FOLDER = str(_cache_folder())


def njit(**options: Any) -> Callable[[Callable], Any]:
    """``numba.njit``, with our settings, and with our cache for functions that Python calls.

    Without ``cache`` a function is a part of those, and is compiled with them. In functions with
    ``independent`` no round of a loop reads or writes memory that another writes.
    """
    if not options.get("cache"):
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    independent = options.pop("independent", False)

    def compiled(function: Callable) -> Any:
        if independent:
            _INDEPENDENT.add(function)
        others = numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES
        numba.config.CACHE_DIR = _CACHE_FOLDER  # both read here, once for each function
        numba.config.CACHE_LOCATOR_CLASSES = f"{__name__}.{SharedLocator.__name__}"
        try:
            return numba.njit(pipeline_class=_Compiler, **options)(function)
        finally:
            numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = others

    return compiled
