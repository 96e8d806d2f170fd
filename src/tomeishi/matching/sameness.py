"""Copy or edit, by the colours of the query around the moments of anchors.

The colour layout of an anchor says in 64 means what its whole picture looks like. A re-encoded picture has the same
means within a few levels; a caption, a logo, other colours, a crop or a border move some of them by far more.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tomeishi.fingerprint.anchors import Anchors
from tomeishi.fingerprint.local import colour_layout
from tomeishi.matching.matches import Match
from tomeishi.media.sample import Frame
from tomeishi.values import Kind, Segment

PicturesAt = Callable[[Sequence[float]], list[Frame]]
"""The query's frames at some times, in their order."""

_ANCHORS = 3
_AROUND_S = (-0.25, -0.125, 0.0, 0.125, 0.25)
"""Samples of two encodes need not fall on the same frame."""
_SAME_LEVELS = 15.0
"""Of 255, by which the mean colour of a 64th of a copy differs at most."""
_SAME_SPEED = 0.05


def settled(found: Match, anchors: Anchors, pictures_at: PicturesAt) -> Match:
    """`found` with its kind decided. Without anchors near, it keeps the kind it has.

    Raises as `pictures_at` does.
    """
    kinds = [_kind(segment, anchors, pictures_at, found.kind) for segment in found.segments]
    return replace(found, kind=Kind.COPY if all(each is Kind.COPY for each in kinds) else Kind.EDIT)


def _kind(segment: Segment, anchors: Anchors, pictures_at: PicturesAt, kind: Kind) -> Kind:
    inside = np.flatnonzero((anchors.times_s >= segment.reference.start) & (anchors.times_s < segment.reference.end))
    if not len(inside):
        return kind
    if segment.backwards or abs(segment.slope - 1) > _SAME_SPEED:
        return Kind.EDIT
    chosen = inside[np.unique(np.linspace(0, len(inside) - 1, min(_ANCHORS, len(inside))).astype(int))]
    times_s = anchors.times_s[chosen] - segment.reference.start + segment.query.start
    asked = np.maximum(times_s[:, None] + np.array(_AROUND_S), 0.0)
    frames = pictures_at([float(each) for each in asked.reshape(-1)])
    shown = np.array([colour_layout(frame.pixels) for frame in frames], np.float64).reshape(*asked.shape, 8, 8, 3)
    theirs = np.array([anchors.pictures[n].colours for n in chosen], np.float64)
    nearest = np.abs(shown - theirs[:, None]).max(axis=(2, 3, 4)).min(axis=1)
    return Kind.COPY if np.median(nearest) <= _SAME_LEVELS else Kind.EDIT
