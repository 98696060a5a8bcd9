"""Typed settings: one module per section; :mod:`spikegrad.config.study` joins them."""
