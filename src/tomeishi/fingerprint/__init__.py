"""Samples to rows: the descriptor seam, the descriptors, and the fingerprint file."""
