"""Keys: who may sign, and with what."""
