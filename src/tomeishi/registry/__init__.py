"""Members, works, characters, names and references; import and export."""
