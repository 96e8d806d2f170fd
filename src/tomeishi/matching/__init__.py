"""Candidates, alignment into segments, and calibrated scores."""
