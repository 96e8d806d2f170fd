"""One query against one reference: frames to a match.

A match is all segments of one pair. Its kind is a first one, by PDQ and speed; `sameness` settles it where the
reference has anchors.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.matching.align import Stretch, Track, stretches
from tomeishi.matching.confirm import NOT_TRIED, Confirmation
from tomeishi.matching.score import Calibration, Evidence, different_pictures, telling
from tomeishi.matching.verify import Verified
from tomeishi.values import Band, Kind, Segment

MIN_QUALITY = 0.02
"""Frames below are blank: black, white, a plain colour. They resemble each other and say nothing."""

IN_A_RUN = 1.3
"""In a run of frames, each may be this much farther than two frames alone: the run is the evidence."""

WORTH_A_LOOK = 0.2
"""Score from which a stretch is verified."""

_SAME_SPEED = 0.05
"""A slope this near to 1 is real time."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The kept frames of one media item, for the two descriptors: n rows each, blank frames left out."""

    track: Track
    image: NDArray[np.float32]
    """(n, dim), unit length."""
    pdq: NDArray[np.uint8]
    """(n, 32), packed bits."""
    telling: NDArray[np.float32]
    """(n,), how much each frame says, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Match:
    """All segments of one pair of query and reference, surest first."""

    kind: Kind
    band: Band
    score: float
    segments: tuple[Segment, ...]
    laid: Verified | None = None
    """How the reference lies in the query's picture where that was seen most clearly."""


@dataclass(frozen=True, slots=True)
class SameFrame:
    """Distances up to which two frames count as the same; they belong to the descriptors."""

    image: float
    pdq: float


def frames_of(image: Fingerprint, pdq: Fingerprint) -> Frames:
    """The frames of one item from its two fingerprints, which were taken of the same samples."""
    if not np.array_equal(image.times_s, pdq.times_s):
        raise ValueError("the two fingerprints were not taken of the same samples")
    kept = image.quality >= MIN_QUALITY
    return Frames(
        Track(image.times_s[kept], image.duration_s),
        image.rows[kept].astype(np.float32, copy=False),
        pdq.rows[kept].astype(np.uint8, copy=False),
        telling(image.quality[kept]),
    )


Confirm = Callable[[Stretch, bool], Confirmation]
"""Verifies the pairs of an aligned stretch; of one that PDQ is sure of, few."""


def match(
    query: Frames, reference: Frames, same: SameFrame, calibration: Calibration, confirm: Confirm | None = None
) -> Match | None:
    """The match of a pair, or None where no stretch reaches the weakest band."""
    similarity = query.image @ reference.image.T
    scored: list[tuple[float, Segment, bool]] = []
    laid: list[Verified] = []
    for stretch in stretches(similarity, query.track, reference.track, 1 - same.image * IN_A_RUN, query.telling):
        evidence = evidence_of(stretch, query, reference, same)
        confirmation = NOT_TRIED
        if confirm is not None and calibration.score(evidence) >= WORTH_A_LOOK:
            confirmation = confirm(stretch, evidence.agree)
            verified = len(confirmation.agreeing)
            evidence = replace(evidence, tried=confirmation.tried, verified=verified)
        score = calibration.score(evidence)
        if calibration.band(score) is not None:
            copied = evidence.agree and _same_speed(stretch, query, reference)
            segment = Segment(stretch.query, stretch.reference, score, confirmation.regions)
            scored.append((score, segment, copied))
            laid += [each for _, _, each in confirmation.agreeing]
    if not scored:
        return None
    scored.sort(key=lambda entry: (-entry[0], entry[1].query.start))
    best = scored[0][0]
    band = calibration.band(best)
    if band is None:
        return None
    copied = all(each for _, _, each in scored)
    return Match(
        Kind.COPY if copied else Kind.EDIT,
        band,
        best,
        tuple(segment for _, segment, _ in scored),
        max(laid, key=lambda each: each.inliers, default=None),
    )


def evidence_of(stretch: Stretch, query: Frames, reference: Frames, same: SameFrame) -> Evidence:
    """What the score of an aligned stretch is computed from."""
    samples = np.unique(stretch.pairs[:, 0])
    similarities = stretch.similarities
    return Evidence(
        # A still shows one moment of a shot: the nearest sample speaks for it.
        similarity=float(similarities.max() if is_still(query, reference) else similarities.mean()),
        different=different_pictures(query.image[samples], query.telling[samples]),
        telling=float(query.telling[samples].mean()),
        agree=_agree(stretch, query, reference, same),
        still=is_still(query, reference),
    )


def _agree(stretch: Stretch, query: Frames, reference: Frames, same: SameFrame) -> bool:
    """Whether most aligned frames agree by PDQ, each with the nearest of three reference samples.

    Samples of two encodes need not fall on the same frame, hence the neighbours.
    """
    neighbours = np.clip(stretch.pairs[:, 1, None] + np.array([-1, 0, 1]), 0, len(reference.pdq) - 1)
    differing = np.bitwise_count(query.pdq[stretch.pairs[:, 0], None] ^ reference.pdq[neighbours]).sum(axis=-1)
    nearest = differing.min(axis=1)
    return bool((nearest.min() if is_still(query, reference) else np.median(nearest)) <= same.pdq)


def is_still(query: Frames, reference: Frames) -> bool:
    """Whether either side is a single picture."""
    return min(len(query.track.times_s), len(reference.track.times_s)) == 1


def _same_speed(stretch: Stretch, query: Frames, reference: Frames) -> bool:
    return is_still(query, reference) or abs(stretch.reference.length / stretch.query.length - 1) <= _SAME_SPEED


def similarity_curve(query: Frames, reference: Frames) -> list[tuple[float, float]]:
    """Per query sample its time in seconds and its largest similarity to any reference sample, for plots."""
    if not len(query.image) or not len(reference.image):
        return []
    best = (query.image @ reference.image.T).max(axis=1)
    return [(float(t), float(np.clip(s, 0, 1))) for t, s in zip(query.track.times_s, best, strict=True)]
