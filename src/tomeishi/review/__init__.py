"""What people decide on matches: stored screenings, the queue, decisions, and the record of how often they confirm."""
