"""What tables of the experiments call kernels and times; shared with figures and claims."""

SG_NTK, TWO_SIDED, NNGP = "SG-NTK", "two-sided", "NNGP"
TRANSPOSED, SYMMETRISED = "transposed", "symmetrised"
SAME_TIME, CONVERGENCE = "same time", "convergence"
"""Networks beside a kernel's gradient flow after as many steps; beside its regression."""
