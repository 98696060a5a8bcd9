"""Typed settings: one module per section; :mod:`study.config.study` joins them."""
