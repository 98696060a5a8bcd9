"""From raw recordings to prepared spike trains."""
