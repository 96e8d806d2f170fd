"""Evidence packages that a stranger can verify, their documents, and the comparison page."""
