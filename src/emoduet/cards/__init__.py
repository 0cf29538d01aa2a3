"""Model cards: what a model or a run is made of, what was measured of it, and what it is not for."""
