"""Conformance suites of the seams and drawn sample films, shipped for extension authors."""
