"""Exact spike-based gradient descent with LIF and QIF neurons, and the surrogate-gradient NTK."""
