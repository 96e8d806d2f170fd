"""The web application: pages, and REST under `/v1`; thin doors on the rooms."""
