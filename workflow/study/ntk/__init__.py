"""The second paper's experiments: networks of finite width beside their kernels."""

# What tables call kernels and times; shared with figures, claims and the page.
SG_NTK, TWO_SIDED, NNGP = "SG-NTK", "two-sided", "NNGP"
TRANSPOSED, SYMMETRISED = "transposed", "symmetrised"
SAME_TIME, CONVERGENCE = "same time", "convergence"
"""Networks beside a kernel's gradient flow after as many steps; beside its regression."""
TRUE_DERIVATIVE = "true_derivative"
"""The derivative in backpropagation with which the SG-NTK is the NTK, as settings name it."""
OFF_CIRCLE_INPUTS, OFF_CIRCLE_SLOPE = 3, 5.0
"""Dimension of inputs off the circle, and slope of the erf networks there."""
OFF_CIRCLE_WIDTH = 1000
"""Neurons in each of their two hidden layers."""
DEPTHS = (2, 3, 4)
"""Numbers of dense layers, L, of infinitely wide networks."""
UNSTABLE_POINTS = 4
"""Of a data set that is searched for unstable learning."""
