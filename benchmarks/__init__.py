"""Measurements, one command each; results as JSON with machine, versions and seed in `results/`."""
