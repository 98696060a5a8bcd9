"""The version, here alone: packaging reads it from this file."""

__version__ = "0.2.0"
