"""The database, the append-only log, and files kept by digest. Only `storage/db.py` commits."""
