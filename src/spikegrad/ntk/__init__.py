"""The surrogate-gradient neural tangent kernel (SG-NTK): analytic, empirical, and in use.

After Eilers, Memmesheimer and Goedeke, "A generalized neural tangent kernel for surrogate
gradient learning" (arXiv 2405.15539); docs/ntk.md derives the formulas.
"""
