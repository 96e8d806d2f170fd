"""Two files against each other, no registry needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tomeishi.config import Limits
from tomeishi.errors import UnreadableMedia
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import Extraction, extract
from tomeishi.matching.matches import Match, SameFrame, frames_of, match, similarity_curve
from tomeishi.matching.score import Calibration
from tomeishi.media.sample import SamplePlan
from tomeishi.values import Band, Kind, MediaKind, Partial, Segment, digest_of_file


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two files."""

    path: Path
    digest: str
    kind: MediaKind
    duration_s: float
    partial: Partial | None

    def to_json(self) -> dict[str, Any]:
        cut = self.partial
        return {
            "path": str(self.path),
            "digest": self.digest,
            "kind": self.kind.value,
            "duration": round(self.duration_s, 3),
            "partial": None if cut is None else {"reason": cut.reason, "until": round(cut.until, 3)},
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of the query resembles what of the reference, and how surely."""

    query: Side
    reference: Side
    match: Match | None
    curve: tuple[tuple[float, float], ...]
    """Per query sample its time in seconds and its largest cosine similarity to the reference, cut to [0, 1]."""
    same: float
    """Similarity from which two frames count as the same: the limit drawn beside the curve."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        return () if self.match is None else self.match.segments

    @property
    def score(self) -> float:
        """In [0, 1]; 0 where nothing matched."""
        return 0.0 if self.match is None else self.match.score

    @property
    def band(self) -> Band | None:
        return None if self.match is None else self.match.band

    @property
    def kind(self) -> Kind | None:
        return None if self.match is None else self.match.kind

    def to_json(self) -> dict[str, Any]:
        return {
            "query": self.query.to_json(),
            "reference": self.reference.to_json(),
            "kind": self.kind.value if self.kind else None,
            "band": self.band.value if self.band else None,
            "score": round(self.score, 4),
            "segments": [
                [round(t, 3) for t in (s.query.start, s.query.end, s.reference.start, s.reference.end)]
                for s in self.segments
            ],
            "checked": [Kind.COPY.value, Kind.EDIT.value],
        }


def compare(
    query: Path,
    reference: Path,
    image: Descriptor,
    pdq: Descriptor,
    plan: SamplePlan,
    calibration: Calibration,
    limits: Limits,
) -> Comparison:
    """Raises NotFound, or UnreadableMedia where either file cannot be read or holds sound alone."""
    sides = [_extracted(path, image, pdq, plan, limits) for path in (query, reference)]
    frames = [frames_of(side.fingerprints[image.spec.key], side.fingerprints[pdq.spec.key]) for side in sides]
    same = SameFrame(image.spec.threshold, pdq.spec.threshold)
    return Comparison(
        _side(query, sides[0]),
        _side(reference, sides[1]),
        match(frames[0], frames[1], same, calibration),
        tuple(similarity_curve(frames[0], frames[1])),
        1 - image.spec.threshold,
    )


def _extracted(path: Path, image: Descriptor, pdq: Descriptor, plan: SamplePlan, limits: Limits) -> Extraction:
    extraction = extract(path, (image, pdq), plan, limits)
    if extraction.info.kind is MediaKind.SOUND:
        raise UnreadableMedia(f"{path}: sound without picture; this version compares pictures only")
    return extraction


def _side(path: Path, extraction: Extraction) -> Side:
    return Side(path, digest_of_file(path), extraction.info.kind, extraction.duration_s, extraction.partial)
