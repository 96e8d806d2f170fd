"""From a query's rows and pictures to matches: what the first look leaves in doubt is looked at more closely.

1. The whole picture is aligned with every candidate; verification confirms, and rejects, what the descriptor found.
2. What was only glimpsed, in the whole picture or in a view of it, is verified at single moments.
3. Where that tells how the reference lies in the query's picture, the edit is undone and the result aligned anew.
4. Where the descriptor sees nothing even so (another film laid over it), verification follows the film alone.

Work is bounded: `_PURSUED` references, and for each a few moments and the pictures around them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.anchors import Anchors
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import Extraction
from tomeishi.fingerprint.views import PARTS, QUARTERS, View
from tomeishi.matching.align import Stretch, Track
from tomeishi.matching.anchored import AnchorsOf
from tomeishi.matching.confirm import (
    TO_SHOW,
    Confirmation,
    clearness,
    confirm,
    holds,
    moments_of,
    regions_of,
    spread_out,
)
from tomeishi.matching.joining import joined
from tomeishi.matching.matches import IN_A_RUN, MIN_QUALITY, Frames, Match, SameFrame, frames_of, is_still, match
from tomeishi.matching.pictures import Pictures
from tomeishi.matching.refining import refined
from tomeishi.matching.sameness import PicturesAt, settled
from tomeishi.matching.score import Calibration, Evidence, telling
from tomeishi.matching.stages import Stages
from tomeishi.matching.undoing import needs_undoing, undone
from tomeishi.matching.verify import Verified, verify
from tomeishi.matching.votes import Sighting, voted
from tomeishi.values import Band, Interval, Kind, Segment

_PURSUED = 6
"""References that are pursued, those glimpsed most clearly first."""
_MOMENTS = 5
_APART_S = 1.0
_AROUND_S = 20.0
"""How far before and after a verified moment pictures are undone and described anew."""
_GIVEN_UP = 3
"""Moments in which verification sees nothing before a reference is given up."""
_LEAST_VOTE = 0.02
_VAGUE_S = 2.0
"""By how much a first guess of the reference's time may be off where a scene stands still."""
_LOST_S = 2.1
"""A film that verification has not seen for this long has ended."""

Moment = tuple[float, float]
"""Query and reference time, in seconds."""


class Registered(Protocol):
    """References that can be searched: a registry's, or one alone."""

    def known(self, bits: NDArray[np.uint8], near: float) -> NDArray[np.bool_]:
        """Which of these rows of PDQ have a registered one within `near` bits."""
        ...

    def sightings(self, rows: NDArray[np.float32], near: float) -> list[Sighting]:
        """Rows within cosine distance `near`, nearest first, one for each query row and reference."""
        ...

    def frames(self, reference_id: str) -> Frames:
        """The frames of one reference that may count."""
        ...


@dataclass(frozen=True, slots=True)
class Pursuit:
    """Everything it takes, built once; `matches` may be called for any number of queries."""

    registered: Registered
    anchors: AnchorsOf
    image: Descriptor
    pdq: Descriptor
    calibration: Calibration
    stages: Stages

    def pictures(self) -> Pictures:
        """For the pictures of one query: what glances at them through views while it is described."""
        parts = [View(self.image, box) for box in PARTS] if self.stages.parts else []
        views = parts + ([View(self.image, quarters=n) for n in QUARTERS] if self.stages.turns else [])
        known = partial(self.registered.known, near=self._same.pdq) if self.stages.pdq_first else None
        return Pictures(views, known, seams=self.stages.seams)

    def matches(self, extraction: Extraction, pictures: Pictures, pictures_at: PicturesAt) -> dict[str, Match]:
        """By reference id. Raises as `pictures_at` does, which is asked only where something was found."""
        prints = extraction.fingerprints
        frames = frames_of(prints[self.image.spec.key], prints[self.pdq.spec.key])
        found: dict[str, Match] = {}
        near = self._same.image * IN_A_RUN
        seen = self._sightings(frames, near)
        for reference_id in voted(seen, near):
            if matched := self._match(frames, reference_id, pictures):
                found[reference_id] = matched
        if self.stages.verification:
            for reference_id, moments in self._glimpsed(frames, seen, pictures, found):
                known = [found[reference_id]] if reference_id in found else []
                pursued = self._pursued(reference_id, moments, pictures, extraction.duration_s)
                if together := _together([*known, *pursued]):
                    found[reference_id] = together
        for reference_id, matched in found.items():
            if self.stages.verification and self.stages.following:
                matched = self._followed(reference_id, matched, pictures, extraction.duration_s)
            if self.stages.refining and not (
                _distorted(matched) or is_still(frames, self.registered.frames(reference_id))
            ):
                reference = self.registered.frames(reference_id)
                matched = refined(matched, extraction.duration_s, reference, self.image, pictures_at)
            # A still of a film need not show the moment of an anchor: PDQ, at two moments a second, tells more.
            if self.stages.sameness and not is_still(frames, self.registered.frames(reference_id)):
                matched = settled(matched, self.anchors(reference_id), pictures_at)
            found[reference_id] = matched
        return found

    @property
    def _same(self) -> SameFrame:
        return SameFrame(self.image.spec.threshold, self.pdq.spec.threshold)

    def _match(self, frames: Frames, reference_id: str, pictures: Pictures) -> Match | None:
        reference = self.registered.frames(reference_id)
        if not self.stages.verification:
            return match(frames, reference, self._same, self.calibration, backwards=self.stages.backwards)
        anchors = self.anchors(reference_id)

        def verified(stretch: Stretch, agree: bool) -> Confirmation:
            moments = moments_of(stretch, frames.track, reference.track)
            return confirm(moments, pictures, anchors, *([TO_SHOW] if agree and self.stages.pdq_first else []))

        return match(frames, reference, self._same, self.calibration, verified, backwards=self.stages.backwards)

    def _sightings(self, frames: Frames, near: float) -> list[Sighting]:
        """Of a picture that stands still once."""
        rows = frames.image
        new = np.flatnonzero(np.append(True, (rows[1:] != rows[:-1]).any(axis=1))) if len(rows) else np.zeros(0, int)
        found = self.registered.sightings(rows[new], near)
        return [(distance, int(new[number]), owner, at_s) for distance, number, owner, at_s in found]

    def _glimpsed(
        self, frames: Frames, sightings: Sequence[Sighting], pictures: Pictures, found: Mapping[str, Match]
    ) -> list[tuple[str, list[Moment]]]:
        """References that are worth pursuing, with the moments at which they were seen, the clearest first.

        What was found surely, and not small or turned, needs no pursuit.
        """
        sure = {each for each, matched in found.items() if matched.band is Band.STRONG and not _distorted(matched)}
        near = self._same.image * IN_A_RUN
        seen: defaultdict[str, list[tuple[float, Moment]]] = defaultdict(list)
        glimpsed = pictures.glimpsed()
        looks = [(frames.track.times_s, frames.telling, sightings)]
        looks += [(glimpsed.times_s, glimpsed.telling, self.registered.sightings(glimpsed.rows, near))]
        for times_s, tells, in_sight in looks:
            for distance, number, reference_id, reference_s in in_sight:
                if reference_id not in sure:
                    # Title cards of unlike films are near each other: they say less.
                    vote = (near - distance) * float(tells[number]) ** 2
                    seen[reference_id].append((vote, (float(times_s[number]), reference_s)))
        for each, matched in found.items():
            if each not in sure and matched.laid is not None:
                seen[each] += [(1.0, _middle(segment)) for segment in matched.segments if segment.regions is not None]
        clearest = {each: sorted(moments, reverse=True) for each, moments in seen.items()}
        votes = {each: sum(vote for vote, _ in moments[:3]) for each, moments in clearest.items()}
        worth = [each for each in sorted(votes, key=lambda each: -votes[each]) if votes[each] >= _LEAST_VOTE]
        return [
            (each, spread_out((moment for _, moment in clearest[each]), _APART_S)[:_MOMENTS])
            for each in worth[:_PURSUED]
        ]

    def _pursued(
        self, reference_id: str, moments: list[Moment], pictures: Pictures, duration_s: float
    ) -> Iterator[Match]:
        """What closer looks at single moments lead to."""
        anchors = self.anchors(reference_id)
        seen: list[tuple[float, float, Verified]] = []
        for number, moment in enumerate(moments):
            if number >= _GIVEN_UP and not seen:
                return
            seen += confirm([moment], pictures, anchors).agreeing
        if not seen:
            return
        best = max(seen, key=lambda each: each[2].inliers)[2]
        if self.stages.undoing and needs_undoing(best):
            frames = self._undone(best, [query_s for query_s, _, _ in seen], pictures, anchors, duration_s)
            if again := self._match(frames, reference_id, pictures):
                yield replace(again, kind=Kind.EDIT)
                if again.band is Band.STRONG:
                    return
        if self.stages.tracing and (traced := self._traced(reference_id, seen, pictures, duration_s)):
            yield traced

    def _undone(
        self, best: Verified, around: list[float], pictures: Pictures, anchors: Anchors, duration_s: float
    ) -> Frames:
        """Rows of the pictures around verified moments, with the edit undone."""
        width, height = anchors.pictures[0].width, anchors.pictures[0].height
        times, images, bits, quality = [], [], [], []
        for frame in pictures.frames:
            if min(abs(frame.time_s - each) for each in around) <= _AROUND_S:
                sample = undone(frame.pixels, best.map, best.reference_region, width, height)[np.newaxis]
                described = self.image.describe(sample)
                times.append(frame.time_s)
                images.append(described.values[0])
                quality.append(described.quality[0])
                bits.append(self.pdq.describe(sample).values[0])
        kept = np.array(quality) >= MIN_QUALITY
        return Frames(
            Track(np.array(times)[kept], duration_s),
            np.array(images, np.float32)[kept],
            np.array(bits, np.uint8)[kept],
            telling(np.array(quality, np.float32)[kept]),
        )

    def _traced(
        self, reference_id: str, seen: list[tuple[float, float, Verified]], pictures: Pictures, duration_s: float
    ) -> Match | None:
        """The stretch around verified moments in which verification keeps seeing the reference, in real time."""
        query_s = seen[0][0]
        offset_s = self._offset_s(reference_id, seen, pictures)
        moment = (query_s, query_s + offset_s)
        held = [
            each
            for forward in (True, False)
            for each in self._steps(reference_id, moment, 1.0, pictures, forward=forward)
        ]
        if not held:
            return None
        first, last = min(t for t, _ in held), max(t for t, _ in held)
        lasts_s = self.registered.frames(reference_id).track.duration_s
        spans = _spans(first, last + pictures.step_s, 1.0, offset_s, duration_s, lasts_s)
        agreeing = tuple((t, t + offset_s, each) for t, each in sorted(held, key=lambda each: -each[1].inliers))
        clear = max(clearness(each) for _, each in held)
        evidence = Evidence(0.0, 0.0, 1.0, agree=False, tried=len(held), verified=len(held), clearness=clear)
        score = self.calibration.score(evidence)
        band = self.calibration.band(score)
        if band is None or spans is None:
            return None
        segment = Segment(*spans, score, regions_of(agreeing[0][2]))
        return Match(Kind.EDIT, band, score, (segment,), agreeing[0][2])

    def _offset_s(self, reference_id: str, seen: Sequence[tuple[float, float, Verified]], pictures: Pictures) -> float:
        """Reference time less query time, from where anchors around verified moments are seen most clearly.

        A scene that stands still verifies for as long as it stands; what moves in it agrees at one moment only.
        """
        guess_s = float(np.median([reference_s - query_s for query_s, reference_s, _ in seen]))
        anchors, times_s = self.anchors(reference_id), pictures.times_s
        around = [query_s for query_s, _, _ in seen]
        offsets = []
        for anchor_s, anchor in zip(anchors.times_s, anchors.pictures, strict=True):
            near = np.abs(times_s + guess_s - anchor_s) <= _VAGUE_S
            if min(abs(anchor_s - guess_s - each) for each in around) > _VAGUE_S or not near.any():
                continue
            laid = [(verify(pictures.features_near(float(t))[1], anchor), float(t)) for t in times_s[near]]
            clear = [(each.inliers, t) for each, t in laid if each is not None and holds(each)]
            if clear:
                offsets.append(anchor_s - max(clear)[1])
        return float(np.median(offsets)) if offsets else guess_s

    def _followed(self, reference_id: str, found: Match, pictures: Pictures, duration_s: float) -> Match:
        """Segments that were verified, drawn out as far as verification follows them, and joined where they meet."""
        lasts_s = self.registered.frames(reference_id).track.duration_s
        drawn = []
        for segment in found.segments:
            spans = None
            if segment.regions is not None and not segment.backwards:
                slope = segment.slope
                offset_s = segment.reference.start - slope * segment.query.start
                ends = [segment.query.start, segment.query.end]
                for end, forward in enumerate((False, True)):
                    moment = (ends[end], slope * ends[end] + offset_s)
                    steps = self._steps(reference_id, moment, slope, pictures, forward=forward)
                    others = [each.query for each in found.segments if each is not segment]
                    # What another segment explains, a loop's next turn for one, is not taken from it.
                    free = takewhile(lambda step: not any(each.start <= step[0] < each.end for each in others), steps)  # noqa: B023
                    beyond = [t for t, _ in free if (t >= ends[end] if forward else t < ends[end])]
                    if beyond:
                        ends[end] = max(beyond) + pictures.step_s if forward else min(beyond)
                spans = _spans(ends[0], ends[1], slope, offset_s, duration_s, lasts_s)
            drawn.append(segment if spans is None else replace(segment, query=spans[0], reference=spans[1]))
        return replace(found, segments=tuple(joined(drawn)))

    def _steps(
        self, reference_id: str, moment: Moment, slope: float, pictures: Pictures, *, forward: bool
    ) -> Iterator[tuple[float, Verified]]:
        """From a moment on, or back, along a line: query times at which verification sees the reference, until it has
        lost it."""
        anchors = self.anchors(reference_id)
        lasts_s = self.registered.frames(reference_id).track.duration_s
        last_s = moment[0]
        times_s = pictures.times_s
        ahead = times_s[times_s >= moment[0]] if forward else times_s[times_s < moment[0]][::-1]
        for query_s in ahead:
            reference_s = moment[1] + slope * (query_s - moment[0])
            if abs(query_s - last_s) > _LOST_S or not 0 <= reference_s <= lasts_s:
                return
            seen = confirm([(float(query_s), float(reference_s))], pictures, anchors).agreeing
            if seen:
                last_s = query_s
                yield float(query_s), seen[0][2]


def _distorted(found: Match) -> bool:
    return found.laid is not None and needs_undoing(found.laid)


def _middle(segment: Segment) -> Moment:
    return (segment.query.start + segment.query.end) / 2, (segment.reference.start + segment.reference.end) / 2


def _spans(
    start_s: float, end_s: float, slope: float, offset_s: float, query_s: float, reference_s: float
) -> tuple[Interval, Interval] | None:
    """A stretch of the query and its image on the reference, cut to what both have."""
    start_s, end_s = max(start_s, -offset_s / slope, 0.0), min(end_s, query_s, (reference_s - offset_s) / slope)
    if end_s - start_s < 1e-3:
        return None
    return Interval(start_s, end_s), Interval(max(0.0, slope * start_s + offset_s), slope * end_s + offset_s)


def _together(matches: list[Match]) -> Match | None:
    """The surest of several matches of one pair, with what the others add outside its segments."""
    if not matches:
        return None
    ordered = sorted(matches, key=lambda each: -each.score)
    best = ordered[0]
    segments = list(best.segments)
    for each in ordered[1:]:
        for segment in each.segments:
            if not any(segment.query.overlap(kept.query) > 0.2 * segment.query.length for kept in segments):
                segments.append(segment)
    kind = Kind.EDIT if any(each.kind is Kind.EDIT for each in matches) else best.kind
    laid = best.laid or next((each.laid for each in ordered if each.laid is not None), None)
    return replace(best, kind=kind, segments=tuple(segments), laid=laid)
