"""Figures and pages for readers."""
