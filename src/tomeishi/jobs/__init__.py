"""Durable work: jobs that outlive the process that does them, taken over by another, ended once."""
