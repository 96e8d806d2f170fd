"""Which references are worth aligning, by what a search has seen of them."""

from collections import defaultdict
from collections.abc import Iterable

Sighting = tuple[float, int, str, float]
"""Cosine distance, number of the query row, reference id, and its time in seconds: the nearest row of a reference."""

_AT_MOST = 30
"""Candidates that are worth aligning, the best by votes."""


def voted(sightings: Iterable[Sighting], near: float) -> dict[str, float]:
    """References with a row within cosine distance `near` of a query row, and their votes, most first.

    A query frame votes for a reference by how near its nearest row comes, so that many mediocre neighbours weigh no
    more than one.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    for distance, _, reference_id, _ in sightings:
        votes[reference_id] += near - distance + 1e-6
    return dict(sorted(votes.items(), key=lambda each: (-each[1], each[0]))[:_AT_MOST])
