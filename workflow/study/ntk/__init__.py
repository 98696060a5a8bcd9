"""The second paper's experiments: networks of finite width beside their kernels."""

# What tables call kernels and times; shared with figures, claims and the page.
SG_NTK, TWO_SIDED, NNGP = "SG-NTK", "two-sided", "NNGP"
TRANSPOSED, SYMMETRISED = "transposed", "symmetrised"
SAME_TIME, CONVERGENCE = "same time", "convergence"
"""Networks beside a kernel's gradient flow after as many steps; beside its regression."""
DEPTHS = (2, 3, 4)
"""Numbers of dense layers, L, of infinitely wide networks."""
TRUE_DERIVATIVE = "true_derivative"
"""The derivative in backpropagation with which the SG-NTK is the NTK, as settings name it."""
