"""Segments that continue each other become one. Pure."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tomeishi.values import Interval, Segment

_JOINED_S, _IN_LINE_S, _SAME_PACE = 2.1, 0.6, 0.25
"""Segments no farther apart, and no farther from one line, are one."""


def joined(segments: Sequence[Segment]) -> list[Segment]:
    """Segments that continue each other become one, with the surer one's score; surest first, overlaps left out."""
    kept: list[Segment] = []
    for segment in sorted(segments, key=lambda each: each.query):
        before = kept[-1] if kept else None
        if before is not None and _continues(before, segment):
            query = Interval(before.query.start, max(before.query.end, segment.query.end))
            reference = Interval(
                min(before.reference.start, segment.reference.start), max(before.reference.end, segment.reference.end)
            )
            surer = max(before, segment, key=lambda each: each.score)
            kept[-1] = replace(surer, query=query, reference=reference)
        else:
            kept.append(segment)
    surest: list[Segment] = []
    for segment in sorted(kept, key=lambda each: (-each.score, -each.query.length, each.query)):
        # A moment of the query is explained once.
        if not any(segment.query.overlap(other.query) > 0.5 * segment.query.length for other in surest):
            surest.append(segment)
    return surest


def _continues(before: Segment, after: Segment) -> bool:
    if after.query.start - before.query.end > _JOINED_S or before.backwards is not after.backwards:
        return False
    off_s = before.speed * (after.query.start - before.query.end) + before.reference_at(1) - after.reference_at(0)
    return abs(off_s) <= _IN_LINE_S and abs(np.log(before.slope / after.slope)) < _SAME_PACE
