"""Candidates that verification confirms or rejects: pairs of moments of query and reference, looked at closely."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tomeishi.fingerprint.anchors import Anchors
from tomeishi.fingerprint.local import Local
from tomeishi.matching.align import Stretch, Track
from tomeishi.matching.verify import Verified, verify
from tomeishi.values import Regions

_TRIED = 5
"""Pairs of moments of a stretch that are verified, spread over it."""
TO_SHOW = 2
"""Of a stretch that needs no verification: so that people see which part of the picture it is."""
_AROUND = 2
"""Anchors tried for one moment: the nearest two."""
_FARTHEST_S = 2.5
"""An anchor that far from a moment shows another one."""
_FEWEST_FEATURES = 40
"""A picture with fewer can't be verified; that says nothing against it."""
_FEWEST_PLACES = 8
_LEAST_WEIGHT = 6.0
"""Of a pair that counts: places that agree, times the square root of their spread. 10 in 10,000 pairs of frames of
unlike drawn films reach it, and 97 in 100 pairs of altered ones (docs/decisions/0015)."""


class Pictures(Protocol):
    """The query's pictures that are still at hand."""

    def features_near(self, time_s: float) -> tuple[float, Local]:
        """Local features of the nearest picture to a moment, with its own time."""
        ...


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What verification says of one stretch."""

    tried: int
    """Pairs of moments that have enough features to tell."""
    agreeing: tuple[tuple[float, float, Verified], ...]
    """Query time, reference time and map of the pairs that agree with each other, best first."""

    @property
    def clearness(self) -> float:
        """Of the clearest of them (`score.Evidence`)."""
        return max((clearness(each) for _, _, each in self.agreeing), default=0.0)

    @property
    def weight(self) -> float:
        """Of the weightiest of them."""
        return max((weight(each) for _, _, each in self.agreeing), default=0.0)

    @property
    def regions(self) -> Regions | None:
        return regions_of(self.agreeing[0][2]) if self.agreeing else None


NOT_TRIED = Confirmation(0, ())


def confirm(
    moments: Sequence[tuple[float, float]], query: Pictures, anchors: Anchors, at_most: int = _TRIED
) -> Confirmation:
    """`moments`: pairs of query and reference times, `at_most` of which are looked at, spread evenly."""
    if not moments or not len(anchors.times_s):
        return NOT_TRIED
    # A few are taken from within: at its ends a copy may fade.
    inner = 1 if at_most < _TRIED <= len(moments) else 0
    spread = np.linspace(0, len(moments) - 1, min(at_most, len(moments)) + 2 * inner)
    chosen = sorted({int(n) for n in spread[inner : len(spread) - inner]})
    tried = 0
    found: list[tuple[float, float, Verified]] = []
    seen: set[tuple[float, tuple[int, ...]]] = set()
    for n in chosen:
        query_s, features = query.features_near(moments[n][0])
        reference_s = moments[n][1] + query_s - moments[n][0]
        near = [k for k in anchors.nearest(reference_s, _AROUND) if abs(anchors.times_s[k] - reference_s) < _FARTHEST_S]
        if (query_s, tuple(near)) in seen:
            continue
        seen.add((query_s, tuple(near)))
        told = [k for k in near if min(len(features), len(anchors.pictures[k])) >= _FEWEST_FEATURES]
        tried += bool(told)
        pairs = [(k, verify(features, anchors.pictures[k])) for k in near]
        good = [(query_s, reference_s, each) for _, each in pairs if each is not None and holds(each)]
        if good:
            found.append(max(good, key=lambda pair: weight(pair[2])))
    return Confirmation(max(tried, len(found)), _agreeing(found))


def holds(found: Verified) -> bool:
    """Whether one pair of pictures is seen to show the same."""
    return found.inliers >= _FEWEST_PLACES and weight(found) >= _LEAST_WEIGHT


def weight(found: Verified) -> float:
    """Places that agree, times the square root of their spread."""
    return float(found.inliers * np.sqrt(found.spread))


def clearness(found: Verified) -> float:
    """Places that agree, times their spread, times their share: of one figure alone both are small."""
    return found.inliers * found.spread * found.share


def _agreeing(found: Sequence[tuple[float, float, Verified]]) -> tuple[tuple[float, float, Verified], ...]:
    """The largest group of pairs that lie alike: an edit is the same all through, chance is not."""
    groups = [[other for other in found if _alike(each[2], other[2])] for each in found]
    best = max(groups, key=lambda group: (len(group), sum(weight(pair[2]) for pair in group)), default=[])
    return tuple(sorted(best, key=lambda pair: -weight(pair[2])))


def _alike(one: Verified, other: Verified) -> bool:
    turned = abs((one.turned - other.turned + 180) % 360 - 180)
    return one.mirrored == other.mirrored and turned < 12 and abs(np.log(one.scale / other.scale)) < 0.35


def regions_of(found: Verified) -> Regions:
    return Regions(found.query_region, found.reference_region, found.mirrored, round(found.turned, 1), found.inliers)


def moments_of(stretch: Stretch, query: Track, reference: Track) -> list[tuple[float, float]]:
    """The pairs of an aligned stretch as times."""
    return [(float(query.times_s[i]), float(reference.times_s[j])) for i, j in stretch.pairs]


def spread_out(moments: Iterable[tuple[float, float]], apart_s: float) -> list[tuple[float, float]]:
    """Of moments given best first, those that lie `apart_s` from every better one."""
    kept: list[tuple[float, float]] = []
    for moment in moments:
        if all(abs(moment[0] - other[0]) >= apart_s for other in kept):
            kept.append(moment)
    return kept
