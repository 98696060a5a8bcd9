"""Loss and gradient landscapes, and what makes them discontinuous; docs/landscapes.md."""
