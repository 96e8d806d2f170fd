"""Bytes to samples: probe, decode in a guarded process, sample pictures and sound."""
