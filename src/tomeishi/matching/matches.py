"""One query against one reference: frames to a match.

A match is all segments of one pair. Its kind is a first one, by PDQ and speed; `sameness` settles it where the
reference has anchors.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.matching.align import Stretch, Track, stretches, stretches_backwards
from tomeishi.matching.confirm import NOT_TRIED, Confirmation
from tomeishi.matching.joining import joined
from tomeishi.matching.score import Calibration, Evidence, different_pictures, telling
from tomeishi.matching.verify import Verified
from tomeishi.values import Band, Kind, Segment

MIN_QUALITY = 0.02
"""Frames below are blank: black, white, a plain colour. They resemble each other and say nothing."""

IN_A_RUN = 1.3
"""In a run of frames, each may be this much farther than two frames alone: the run is the evidence."""

WORTH_A_LOOK = 0.2
"""Score from which a stretch is verified."""

_MOVES, _SEEN = 2.5, 2
"""Different pictures, and verified pairs, from which a stretch that plays backwards counts."""
_MOST_CELLS = 6_000_000
"""Pairs of samples that are aligned at once: some 100 MB. Two films of two hours have 200 million."""
_SHORTEST_BLOCK = 64
_MOST_OF_IT = 0.8
"""Of a query's samples: where they align as they are, it is not played from its end."""
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
    query: Frames,
    reference: Frames,
    same: SameFrame,
    calibration: Calibration,
    confirm: Confirm | None = None,
    *,
    backwards: bool = True,
) -> Match | None:
    """The match of a pair, or None where no stretch reaches the weakest band.

    With `backwards` what does not align as it is is also tried as played from its end.
    """
    scored: list[tuple[float, Segment, bool]] = []
    laid: list[Verified] = []
    limit = 1 - same.image * IN_A_RUN
    blocks = _blocks(query, reference)

    def weigh(stretch: Stretch) -> None:
        evidence = evidence_of(stretch, query, reference, same)
        confirmation = NOT_TRIED
        if confirm is not None and calibration.score(evidence) >= WORTH_A_LOOK:
            confirmation = confirm(stretch, evidence.agree)
            evidence = replace(
                evidence,
                tried=confirmation.tried,
                verified=len(confirmation.agreeing),
                clearness=confirmation.clearness,
                weight=confirmation.weight,
            )
        score = calibration.score(evidence)
        # A shot that stands can be read from either end; what is read from the second has to move, and to be seen.
        moves = evidence.different >= _MOVES
        seen = not stretch.backwards or (moves and (evidence.agree or evidence.verified >= _SEEN))
        if seen and calibration.band(score) is not None:
            copied = evidence.agree and _same_speed(stretch, query, reference) and not stretch.backwards
            segment = Segment(stretch.query, stretch.reference, score, confirmation.regions, stretch.backwards)
            scored.append((score, segment, copied))
            laid.extend(each for _, _, each in confirmation.agreeing)

    for stretch in _aligned(blocks, reference, limit, backwards=backwards):
        weigh(stretch)
    if not scored:
        return None
    scored.sort(key=lambda entry: (-entry[0], entry[1].query.start))
    best = scored[0][0]
    band = calibration.band(best)
    if band is None:
        return None
    copied = all(each for _, _, each in scored)
    segments = [segment for _, segment, _ in scored]
    return Match(
        Kind.COPY if copied else Kind.EDIT,
        band,
        best,
        tuple(segments if len(blocks) == 1 else joined(segments)),
        max(laid, key=lambda each: each.inliers, default=None),
    )


def _blocks(query: Frames, reference: Frames) -> list[tuple[int, Frames]]:
    """The query in parts that are small enough to be aligned at once, with the number of the first sample of each."""
    count = len(query.track.times_s)
    rows = max(_SHORTEST_BLOCK, _MOST_CELLS // max(1, len(reference.track.times_s)))
    if count <= rows:
        return [(0, query)]
    parts = []
    for first in range(0, count, rows):
        held = slice(first, first + rows)
        following = query.track.times_s[first + rows] if first + rows < count else query.track.duration_s
        start_s = float(query.track.times_s[first]) if first else query.track.start_s
        track = Track(query.track.times_s[held], float(following), start_s)
        parts.append((first, Frames(track, query.image[held], query.pdq[held], query.telling[held])))
    return parts


def _aligned(
    blocks: Sequence[tuple[int, Frames]], reference: Frames, limit: float, *, backwards: bool
) -> Iterator[Stretch]:
    """Stretches of all parts of a query; of two directions in which a moment of it can be explained, the one in which
    more samples align: frames of one shot resemble each other in any order."""
    for first, part in blocks:
        similarity = part.image @ reference.image.T
        found = stretches(similarity, part.track, reference.track, limit, part.telling)
        aligned = sum(len(each.pairs) for each in found)
        if backwards and aligned < _MOST_OF_IT * len(part.image):
            turned = stretches_backwards(similarity, part.track, reference.track, limit, part.telling)
            found = _apart([*found, *turned]) if turned else found
        yield from (stretch.later(first) for stretch in found)


def _apart(found: Sequence[Stretch]) -> list[Stretch]:
    kept: list[Stretch] = []
    for stretch in sorted(found, key=lambda each: (-len(each.pairs), each.backwards)):
        if not any(stretch.query.overlap(other.query) > 0.5 * stretch.query.length for other in kept):
            kept.append(stretch)
    return kept


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
    rows = max(1, _MOST_CELLS // len(reference.image))
    starts = range(0, len(query.image), rows)
    best = np.concatenate([(query.image[at : at + rows] @ reference.image.T).max(axis=1) for at in starts])
    return [(float(t), float(np.clip(s, 0, 1))) for t, s in zip(query.track.times_s, best, strict=True)]
