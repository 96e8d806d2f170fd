"""The command line: thin doors on the verbs."""
