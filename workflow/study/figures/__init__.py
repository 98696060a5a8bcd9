"""Figures of the studies: each module draws one from tables, or helps several to."""
