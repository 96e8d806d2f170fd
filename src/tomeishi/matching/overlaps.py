"""Where a new reference shows what another member registered: both stay, and neither silently owns it."""

from collections.abc import Iterator, Sequence

from tomeishi.matching.matches import IN_A_RUN, SameFrame, match
from tomeishi.matching.score import Calibration
from tomeishi.matching.snapshots import Searchable
from tomeishi.registry.references import FoundBy, Reference
from tomeishi.values import Interval


def overlapping(
    new: Reference, registered: Sequence[Reference], searchable: Searchable, same: SameFrame, calibration: Calibration
) -> Iterator[tuple[str, FoundBy, list[tuple[Interval, Interval]]]]:
    """Other members' references that share footage with `new`: id, how it was found, stretches of `new` and of it."""
    others = {each.id: each for each in registered if each.member_id != new.member_id}
    whole = Interval(0.0, max(new.duration_s, 1e-3))
    equal = {each.id for each in others.values() if each.digest == new.digest}
    for other_id in sorted(equal):
        yield other_id, "digest", [(whole, whole)]
    frames = searchable.frames(new.id)
    for other_id in searchable.candidates(frames.image, same.image * IN_A_RUN):
        if other_id not in others or other_id in equal:
            continue
        if found := match(frames, searchable.frames(other_id), same, calibration):
            yield other_id, "match", [(segment.query, segment.reference) for segment in found.segments]
