"""How networks are trained, and what they do on data."""
