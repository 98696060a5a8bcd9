"""The surrogate-gradient neural tangent kernel (SG-NTK): analytic, empirical, and in use.

After Eilers, Memmesheimer and Goedeke, "A generalized neural tangent kernel for surrogate
gradient learning" (arXiv 2405.15539); docs/ntk.md derives the formulas.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Names are looked up when they are first used (PEP 562), so that `import spikegrad.ntk` is quick,
# and a script of the workflow depends on the modules that it imports from, not on all.
_MODULES = {
    "analytic": ("Kernels", "sg_ntk"),
    "activations": (
        "Erf",
        "ErfDerivative",
        "HardTanhDerivative",
        "IdentityDerivative",
        "Relu",
        "Sign",
        "Step",
        "Tanh",
        "TanhDerivative",
    ),
    "moments": ("Activation", "Custom", "CustomDerivative", "Derivative"),
    "modules": ("SurrogateActivation", "empirical_sg_ntk"),
    "quadrature": ("QuadratureError",),
    "regression": (
        "Covariances",
        "IllConditionedError",
        "Prediction",
        "UnstableKernelError",
        "kernel_regression",
        "stability",
    ),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
