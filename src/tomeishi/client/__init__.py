"""Typed Python client of the REST interface."""
