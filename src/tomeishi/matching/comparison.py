"""Two files against each other, pictures and sound, no registry needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tomeishi.config import Limits
from tomeishi.errors import UnreadableMedia
from tomeishi.fingerprint.anchors import AnchorMaker
from tomeishi.fingerprint.audio import marks_in
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import Extraction
from tomeishi.fingerprint.listening import perceive
from tomeishi.matching.audible import match_pair
from tomeishi.matching.matches import Frames, Match, frames_of, similarity_curve
from tomeishi.matching.pursuit import Pursuit
from tomeishi.matching.score import Calibration
from tomeishi.matching.sound import Reference
from tomeishi.matching.sound_calibration import SoundCalibration
from tomeishi.matching.stages import ALL
from tomeishi.matching.votes import Sighting
from tomeishi.media.sample import SamplePlan, frames_at
from tomeishi.values import Band, Kind, MediaKind, Partial, Segment, digest_of_file

_AT_ONCE = 256
"""Rows of the query that are compared at once."""


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
    """By picture."""
    heard: Match | None
    """By sound."""
    checked: tuple[Kind, ...]
    """Kinds that were looked for: what only one of the two files has cannot be compared."""
    curve: tuple[tuple[float, float], ...]
    """Per query sample its time in seconds and its largest cosine similarity to the reference, cut to [0, 1]."""
    same: float
    """Similarity from which two frames count as the same: the limit drawn beside the curve."""

    @property
    def found(self) -> Match | None:
        """What is told first: the match by picture, or else the one by sound."""
        return self.match or self.heard

    @property
    def segments(self) -> tuple[Segment, ...]:
        return () if self.found is None else self.found.segments

    @property
    def score(self) -> float:
        """In [0, 1]; 0 where nothing matched."""
        return 0.0 if self.found is None else self.found.score

    @property
    def band(self) -> Band | None:
        return None if self.found is None else self.found.band

    @property
    def kind(self) -> Kind | None:
        return None if self.found is None else self.found.kind

    def to_json(self) -> dict[str, Any]:
        return {
            "query": self.query.to_json(),
            "reference": self.reference.to_json(),
            "kind": self.kind.value if self.kind else None,
            "band": self.band.value if self.band else None,
            "score": round(self.score, 4),
            "segments": _times(self.segments),
            "backwards": [each.backwards for each in self.segments],
            "sound": None
            if self.heard is None
            else {
                "band": self.heard.band.value,
                "score": round(self.heard.score, 4),
                "segments": _times(self.heard.segments),
            },
            "checked": [kind.value for kind in self.checked],
        }


@dataclass(frozen=True, slots=True)
class _Alone:
    """The one reference, where a registry would be."""

    reference: Frames

    def known(self, bits: NDArray[np.uint8], near: float) -> NDArray[np.bool_]:
        differing = np.bitwise_count(bits[:, None] ^ self.reference.pdq[None]).sum(axis=2, dtype=np.int64)
        return np.asarray((differing <= near).any(axis=1))

    def sightings(self, rows: NDArray[np.float32], near: float) -> list[Sighting]:
        if not len(rows) or not len(self.reference.image):
            return []
        found = []
        for at in range(0, len(rows), _AT_ONCE):
            distances = 1 - rows[at : at + _AT_ONCE] @ self.reference.image.T
            found += [
                (float(row[k]), at + n, "reference", float(self.reference.track.times_s[k]))
                for n, (row, k) in enumerate(zip(distances, distances.argmin(axis=1), strict=True))
                if row[k] <= near
            ]
        return sorted(found)

    def frames(self, reference_id: str) -> Frames:
        return self.reference


def _times(segments: Sequence[Segment]) -> list[list[float]]:
    return [[round(t, 3) for t in (s.query.start, s.query.end, s.reference.start, s.reference.end)] for s in segments]


def compare(
    query: Path,
    reference: Path,
    image: Descriptor,
    pdq: Descriptor,
    plan: SamplePlan,
    calibration: Calibration,
    sound_calibration: SoundCalibration,
    limits: Limits,
) -> Comparison:
    """Raises NotFound, or UnreadableMedia where either file cannot be read or they have neither pictures nor sound in
    common."""
    maker = AnchorMaker()
    theirs, their_sound = perceive(reference, (image, pdq), plan, limits, watch=maker.see)
    frames = frames_of(theirs.fingerprints[image.spec.key], theirs.fingerprints[pdq.spec.key])
    anchors = maker.anchors()
    pursuit = Pursuit(_Alone(frames), lambda _: anchors, image, pdq, calibration, ALL)
    pictures = pursuit.pictures()
    mine, my_sound = perceive(query, (image, pdq), plan, limits, watch=pictures.see)
    shown = frames_of(mine.fingerprints[image.spec.key], mine.fingerprints[pdq.spec.key])
    without_picture = [each.info.kind is MediaKind.SOUND for each in (mine, theirs)]
    checked: list[Kind] = [] if any(without_picture) else [Kind.COPY, Kind.EDIT]
    heard = None
    if my_sound is not None and their_sound is not None:
        checked.append(Kind.SOUND)
        marks = Reference(marks_in(their_sound.fingerprint), their_sound.duration_s)
        heard = match_pair(marks_in(my_sound.fingerprint), marks, sound_calibration)
    if not checked:
        alone = query if without_picture[0] else reference
        raise UnreadableMedia(f"{alone}: sound without picture, and the other file has no sound to compare with")
    return Comparison(
        query=_side(query, mine),
        reference=_side(reference, theirs),
        match=pursuit.matches(mine, pictures, lambda times_s: frames_at(query, times_s, limits)).get("reference"),
        heard=heard,
        checked=tuple(checked),
        curve=tuple(similarity_curve(shown, frames)),
        same=1 - image.spec.threshold,
    )


def _side(path: Path, extraction: Extraction) -> Side:
    return Side(path, digest_of_file(path), extraction.info.kind, extraction.duration_s, extraction.partial)
