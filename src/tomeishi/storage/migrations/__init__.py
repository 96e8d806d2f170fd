"""Alembic scripts, run by `Database.migrate`; a released one is never edited."""
