"""What a screening says: findings, each with its permission and verdict, and a line of JSON per query.

The JSON is a contract (docs/reference/screening.schema.json): keys are only ever added.
"""

from dataclasses import dataclass, replace
from typing import Any

from tomeishi.consent.permission import Permission
from tomeishi.values import Band, Box, Interval, Kind, Partial, Segment, Skipped, Verdict


@dataclass(frozen=True, slots=True)
class MadeBy:
    """What a finding can be re-made or explained with, years later."""

    version: str
    """Of this package."""
    descriptors: tuple[tuple[str, str | None], ...]
    """Descriptor keys with the digests of their weights."""
    policy: str
    """Digest of the policy file."""
    snapshots: tuple[str, ...]
    """Digests of the index snapshots that were searched."""

    def to_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "descriptors": [{"key": key, "weights": weights} for key, weights in self.descriptors],
            "policy": self.policy,
            "snapshots": list(self.snapshots),
        }


TRAITS = ("face", "hair", "dress", "colours", "props")
"""What a person compares before saying that two drawings show one character."""


@dataclass(frozen=True, slots=True)
class LooksLike:
    """A drawing that a figure comes near to, so that a person can agree or disagree."""

    character_id: str
    name: str
    work_id: str
    title: str
    member: str
    drawing_id: str
    reference_id: str
    time_s: float
    box: Box
    similarity: float
    """How alike the two descriptions are (`fingerprint.figure.alike`), at most 1; no probability."""

    def to_json(self) -> dict[str, Any]:
        return {
            "character": self.character_id,
            "name": self.name,
            "work": self.work_id,
            "title": self.title,
            "member": self.member,
            "drawing": self.drawing_id,
            "reference_id": self.reference_id,
            "time": round(self.time_s, 3),
            "box": self.box.to_json(),
            "similarity": round(self.similarity, 4),
        }


@dataclass(frozen=True, slots=True)
class Portrayal:
    """Which character a finding of kind `character` is about, where it was seen, and what else it might be."""

    character_id: str
    name: str
    tracks: tuple[tuple[Interval, Box, float], ...]
    """Seconds of the query, the box where it was seen best, and the score of each track."""
    nearest: tuple[LooksLike, ...]
    """Up to three drawings of the character, nearest first."""
    nearest_other: LooksLike | None
    """The nearest drawing of any other enrolled character."""
    variants: tuple[tuple[str, bool], ...]
    """What the member says of changed drawings: (`mirrored` or `recoloured`, whether they count)."""

    def to_json(self) -> dict[str, Any]:
        return {
            "character": self.character_id,
            "name": self.name,
            "tracks": [
                {"query": [round(t, 3) for t in (at.start, at.end)], "box": box.to_json(), "score": round(score, 4)}
                for at, box, score in self.tracks
            ],
            "nearest": [each.to_json() for each in self.nearest],
            "nearest_other": None if self.nearest_other is None else self.nearest_other.to_json(),
            "compare": list(TRAITS),
            "variants": dict(self.variants),
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """A match with its permission and what the policy says. A resemblance, never a legal finding."""

    work_id: str
    title: str
    member_id: str
    member: str
    reference_id: str
    reference_path: str
    """As registered."""
    reference_digest: str
    kind: Kind
    band: Band
    score: float
    segments: tuple[Segment, ...]
    permission: Permission
    verdict: Verdict
    portrayal: Portrayal | None = None
    """Of kind `character` alone."""

    def to_json(self) -> dict[str, Any]:
        return {
            **({} if self.portrayal is None else self.portrayal.to_json()),
            "work": self.work_id,
            "title": self.title,
            "member": self.member,
            "reference": self.reference_path,
            "reference_id": self.reference_id,
            "kind": self.kind.value,
            "band": self.band.value,
            "score": round(self.score, 4),
            "segments": [
                [round(t, 3) for t in (s.query.start, s.query.end, s.reference.start, s.reference.end)]
                for s in self.segments
            ],
            "backwards": [s.backwards for s in self.segments],
            "regions": [None if s.regions is None else s.regions.to_json() for s in self.segments],
            "permission": self.permission.to_json(),
            "verdict": self.verdict.value,
        }


@dataclass(frozen=True, slots=True)
class NearStyle:
    """A work whose whole look a query comes near: a hint, ranked, never a finding."""

    work_id: str
    title: str
    member: str
    similarity: float
    """Of the two looks (`matching.styles`), in [-1, 1]; no probability."""
    common: float
    """How near registered works commonly come to this query."""
    permission: Permission

    def to_json(self) -> dict[str, Any]:
        return {
            "work": self.work_id,
            "title": self.title,
            "member": self.member,
            "kind": Kind.STYLE.value,
            "similarity": round(self.similarity, 4),
            "common": round(self.common, 4),
            "permission": self.permission.to_json(),
        }


def of_member(finding: Finding) -> Finding:
    """As its own member may see it: without what it says of another member's character."""
    shown = finding.portrayal
    if shown is None or shown.nearest_other is None or shown.nearest_other.member == finding.member:
        return finding
    return replace(finding, portrayal=replace(shown, nearest_other=None))


@dataclass(frozen=True, slots=True)
class Screening:
    """The whole answer for one query."""

    query: str
    """Path as given, or the name of a stream."""
    query_digest: str | None
    """None where the file could not be read at all."""
    duration_s: float
    findings: tuple[Finding, ...]
    checked: tuple[Kind, ...]
    """Kinds that were looked for: nobody may read "no copy" as "no resemblance"."""
    verdict: Verdict
    partial: Partial | None
    skipped: Skipped | None
    made_by: MadeBy
    styles: tuple[NearStyle, ...] | None = None
    """The nearest looks first; None where they were not looked for."""

    def to_json(self) -> dict[str, Any]:
        return {
            "query": self.query,
            "digest": self.query_digest,
            "duration": round(self.duration_s, 3),
            "findings": [finding.to_json() for finding in self.findings],
            "checked": [kind.value for kind in self.checked],
            "verdict": self.verdict.value,
            "partial": None
            if self.partial is None
            else {"reason": self.partial.reason, "until": round(self.partial.until, 3)},
            "skipped": None if self.skipped is None else {"reason": self.skipped.reason},
            "styles": None if self.styles is None else [near.to_json() for near in self.styles],
            "made_by": self.made_by.to_json(),
        }
