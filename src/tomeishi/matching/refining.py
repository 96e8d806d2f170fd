"""Where a segment begins and ends, looked at more finely than it was sampled: only at the ends of what was found.

A sample stands for half a second. Around each end that lies inside the query, pictures are taken eight a second and
described; what of them belongs to the segment resembles the reference at the time that the segment's line gives, and
what follows does not. Where that step is not clear (a fade, or an edit that hides the picture), the end stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.matching.matches import Frames, Match
from tomeishi.media.sample import Frame
from tomeishi.values import Interval, Segment

_RATE_HZ = 8.0
_AROUND = 5
"""Pictures on either side of an end."""
_AT_THE_END_S = 0.7
"""An end that near to the query's or the reference's own is that one."""
_CLEAR = 0.2
"""By how much similarity has to fall."""
_MOST = 6
"""Segments of one match that are looked at, the surest first."""

PicturesAt = Callable[[Sequence[float]], list[Frame]]


def refined(found: Match, query_s: float, reference: Frames, image: Descriptor, pictures_at: PicturesAt) -> Match:
    """`found` with its ends moved where a step is seen; raises as `pictures_at` does."""
    ends = [
        (number, is_end, at_s)
        for number, segment in enumerate(found.segments[:_MOST])
        for is_end, at_s in ((False, segment.query.start), (True, segment.query.end))
        if _is_inside(segment, at_s, is_end=is_end, query_s=query_s, reference_s=reference.track.duration_s)
    ]
    if not ends or not len(reference.image):
        return found
    steps = np.arange(-_AROUND, _AROUND + 1) / _RATE_HZ
    frames = pictures_at([max(0.0, at_s + float(step)) for _, _, at_s in ends for step in steps])
    moved = list(found.segments)
    for place, (number, is_end, _) in enumerate(ends):
        shown = frames[place * len(steps) : (place + 1) * len(steps)]
        rows = image.describe(np.stack([frame.pixels for frame in shown])).values.astype(np.float32)
        segment = moved[number]
        alike = np.array(
            [_alike(row, frame.time_s, segment, reference) for row, frame in zip(rows, shown, strict=True)]
        )
        at_s = _step(alike, [frame.time_s for frame in shown], is_end=is_end)
        if at_s is not None:
            moved[number] = _moved(segment, at_s, is_end=is_end, reference_s=reference.track.duration_s)
    return replace(found, segments=tuple(moved))


def _is_inside(segment: Segment, at_s: float, *, is_end: bool, query_s: float, reference_s: float) -> bool:
    there_s = segment.reference_at(1.0 if is_end else 0.0)
    own = min(at_s, query_s - at_s) <= _AT_THE_END_S or min(there_s, reference_s - there_s) <= _AT_THE_END_S
    return not own and segment.query.length > 1.0


def _alike(row: NDArray[np.float32], time_s: float, segment: Segment, reference: Frames) -> float:
    """Similarity of a picture to the reference around where the segment's line puts it."""
    there_s = segment.reference_at((time_s - segment.query.start) / segment.query.length)
    near = np.argsort(np.abs(reference.track.times_s - there_s), kind="stable")[:2]
    return float((reference.image[near] @ row).max())


def _step(alike: NDArray[np.float64], times_s: Sequence[float], *, is_end: bool) -> float | None:
    """When the first picture of the segment appears, or the first behind it; None where no step is clear."""
    inner, outer = (alike[:2].mean(), alike[-2:].mean()) if is_end else (alike[-2:].mean(), alike[:2].mean())
    if inner - outer < _CLEAR:
        return None
    belongs = alike >= (inner + outer) / 2
    if is_end:
        return times_s[int(np.argmin(belongs))]
    return times_s[len(belongs) - int(np.argmin(belongs[::-1]))]


def _moved(segment: Segment, at_s: float, *, is_end: bool, reference_s: float) -> Segment:
    query = Interval(segment.query.start, at_s) if is_end else Interval(at_s, segment.query.end)
    by = (at_s - (segment.query.end if is_end else segment.query.start)) * segment.slope
    start_s, end_s = segment.reference.start, segment.reference.end
    if is_end is segment.backwards:
        start_s = max(0.0, start_s - by if segment.backwards else start_s + by)
    else:
        end_s = min(reference_s, end_s - by if segment.backwards else end_s + by)
    return replace(segment, query=query, reference=Interval(start_s, end_s))
