"""Explicit consent: entries, the ledger, and the rules that turn them into a permission."""
