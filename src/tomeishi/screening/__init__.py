"""Queries to findings and verdicts, by a policy that people edit."""
