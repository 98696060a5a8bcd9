"""Hyperparameter search: suggest, train, select; deterministic, resumable, on files alone."""
