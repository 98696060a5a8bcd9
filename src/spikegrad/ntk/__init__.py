"""The surrogate-gradient neural tangent kernel (SG-NTK): analytic, empirical, and in use.

After Eilers, Memmesheimer and Goedeke, "A generalized neural tangent kernel for surrogate
gradient learning" (arXiv 2405.15539); docs/ntk.md derives the formulas.

    sg_ntk               analytic kernels of infinitely wide networks, as Kernels
    empirical_sg_ntk     the kernel of any torch module, with a SurrogateActivation in it
    kernel_regression    what a kernel predicts, in finite time or at the end: a Prediction, from
                         Covariances if these are wanted
    tangent_kernels      exact, surrogate and mixed kernels of a spiking network: TangentKernels;
                         with spikes followed by along, and jacobian its rows
    stability            whether surrogate gradient learning converges at all

Activations: Erf, Sign, Step; surrogate derivatives: ErfDerivative, HardTanhDerivative,
IdentityDerivative, or CustomDerivative of your own. Their bases: Activation, Derivative.

Errors: IllConditionedError, UnstableKernelError, QuadratureError.
"""

from spikegrad.lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "analytic": ("Kernels", "sg_ntk"),
        "activations": ("Erf", "Sign", "Step"),
        "moments": ("Activation", "Derivative"),
        "modules": ("SurrogateActivation", "empirical_sg_ntk"),
        "spiking": ("TangentKernels", "along", "jacobian", "tangent_kernels"),
        "derivatives": (
            "CustomDerivative",
            "ErfDerivative",
            "HardTanhDerivative",
            "IdentityDerivative",
        ),
        "quadrature": ("QuadratureError",),
        "regression": (
            "Covariances",
            "IllConditionedError",
            "Prediction",
            "UnstableKernelError",
            "kernel_regression",
            "stability",
        ),
    },
)
