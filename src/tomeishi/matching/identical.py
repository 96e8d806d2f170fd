"""Files that are registered byte for byte: found by their digest, without decoding anything."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tomeishi.fingerprint.audio import SPEC as SOUND
from tomeishi.matching.matches import Match
from tomeishi.registry import references as registry
from tomeishi.registry.references import Reference
from tomeishi.values import Band, Interval, Kind, MediaKind, Segment


@dataclass(frozen=True, slots=True)
class Identical:
    """Registered files by digest, with what of each may be found."""

    by_digest: Mapping[str, Sequence[Reference]]
    """Only files that share no footage with another member's: those have to be looked at, too."""
    excluded: Mapping[str, Sequence[Interval]]
    """By reference id."""
    audible: frozenset[str]
    """Ids of references that have sound with something in it."""

    def registered(self, digest: str | None) -> Sequence[Reference]:
        """Registrations of the very file."""
        return self.by_digest.get(digest or "", ())

    def matches(self, reference: Reference) -> list[Match]:
        """Of a reference with itself: all that was not excluded, by picture and by sound."""
        spans = _outside(Interval(0.0, max(reference.duration_s, 1e-3)), self.excluded.get(reference.id, ()))
        segments = tuple(Segment(span, span, 1.0) for span in spans)
        kinds = [Kind.COPY] if reference.kind is not MediaKind.SOUND else []
        kinds += [Kind.SOUND] if reference.id in self.audible else []
        return [Match(kind, Band.STRONG, 1.0, segments) for kind in kinds if segments]


def identical(tx: Connection) -> Identical:
    """Of the registry as it stands."""
    overlapping = {side.id for each in registry.overlaps(tx) for side in (each.reference, each.other)}
    by_digest: defaultdict[str, list[Reference]] = defaultdict(list)
    for reference in registry.references(tx):
        by_digest[reference.digest].append(reference)
    alone = {
        digest: found for digest, found in by_digest.items() if not overlapping & {reference.id for reference in found}
    }
    excluded: defaultdict[str, list[Interval]] = defaultdict(list)
    for exclusion in registry.exclusions(tx):
        excluded[exclusion.reference_id].append(exclusion.interval)
    heard = frozenset(file.reference_id for file in registry.fingerprint_files_of(tx, SOUND.key) if file.rows)
    return Identical(alone, excluded, heard)


def _outside(whole: Interval, excluded: Sequence[Interval]) -> list[Interval]:
    """What of `whole` no exclusion covers."""
    left, at = [], whole.start
    for each in sorted(excluded):
        if each.start - at > 1e-3:
            left.append(Interval(at, min(each.start, whole.end)))
        at = max(at, each.end)
    return [*left, Interval(at, whole.end)] if whole.end - at > 1e-3 else left
