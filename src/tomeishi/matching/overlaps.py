"""Where a new reference shows what another member registered: both stay, and neither silently owns it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tomeishi.fingerprint.anchors import Anchors
from tomeishi.fingerprint.local import Local
from tomeishi.matching.align import Stretch
from tomeishi.matching.anchored import AnchorsOf
from tomeishi.matching.confirm import NOT_TRIED, Confirmation, confirm, moments_of
from tomeishi.matching.matches import IN_A_RUN, SameFrame, match
from tomeishi.matching.score import Calibration
from tomeishi.matching.snapshots import Searchable
from tomeishi.registry.references import FoundBy, Reference
from tomeishi.values import Interval


@dataclass(frozen=True, slots=True)
class _Kept:
    """The pictures of a reference, of which only anchors are kept."""

    anchors: Anchors

    def features_near(self, time_s: float) -> tuple[float, Local]:
        nearest = int(np.argmin(np.abs(self.anchors.times_s - time_s)))
        return float(self.anchors.times_s[nearest]), self.anchors.pictures[nearest]


def overlapping(
    new: Reference,
    registered: Sequence[Reference],
    searchable: Searchable,
    same: SameFrame,
    calibration: Calibration,
    anchors_of: AnchorsOf,
) -> Iterator[tuple[str, FoundBy, list[tuple[Interval, Interval]]]]:
    """Other members' references that share footage with `new`: id, how it was found, stretches of `new` and of it."""
    others = {each.id: each for each in registered if each.member_id != new.member_id}
    whole = Interval(0.0, max(new.duration_s, 1e-3))
    equal = {each.id for each in others.values() if each.digest == new.digest}
    for other_id in sorted(equal):
        yield other_id, "digest", [(whole, whole)]
    frames, own = searchable.frames(new.id), anchors_of(new.id)
    for other_id in searchable.candidates(frames.image, same.image * IN_A_RUN):
        if other_id not in others or other_id in equal:
            continue
        other, theirs = searchable.frames(other_id), anchors_of(other_id)

        def verified(stretch: Stretch, agree: bool) -> Confirmation:
            if not len(own.times_s):  # registered before anchors were kept
                return NOT_TRIED
            return confirm(moments_of(stretch, frames.track, other.track), _Kept(own), theirs)  # noqa: B023

        if found := match(frames, other, same, calibration, verified):
            yield other_id, "match", [(segment.query, segment.reference) for segment in found.segments]
