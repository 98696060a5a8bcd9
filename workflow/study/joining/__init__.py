"""Where the two papers meet: exact and surrogate gradients, and kernels, of one spiking network."""

EXACT = "exact"
"""The rule of exact gradients, in tables beside surrogates."""
LABEL = "{} {:g}"
"""What names a surrogate of a kind and width."""
