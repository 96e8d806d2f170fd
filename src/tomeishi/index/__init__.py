"""Rows to nearest rows: exact search and immutable snapshots. Knows rows, not the registry."""
