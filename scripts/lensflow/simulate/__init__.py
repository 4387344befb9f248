"""Simulated strong lenses and non-lenses in the layout of the Lens Finding Challenge 1.0."""
