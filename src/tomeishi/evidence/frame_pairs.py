"""Pictures of the same moment on both sides of a segment, taken by us and not by a player.

Players round and skip: two browsers show different frames for one time. Here each picture is the frame that is
displayed at the asked time, with its own presentation time beside it, so that anybody can take it again.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tomeishi.config import Limits
from tomeishi.fingerprint.local import MOST as MOST_FEATURES
from tomeishi.fingerprint.local import Local, local_features
from tomeishi.matching.confirm import holds, regions_of
from tomeishi.matching.verify import verify
from tomeishi.media.sample import frames_at
from tomeishi.values import Outline, Regions, Segment, digest_of

LONG_SIDE = 1280
MOST = 24
"""Pairs per finding. With more segments than that, the longest are shown, one pair each."""


@dataclass(frozen=True, slots=True)
class FramePair:
    """One moment of segment number `segment` (from 0, in the order given). Times are presentation times, in seconds."""

    segment: int
    query_time_s: float
    reference_time_s: float
    query_png: bytes
    reference_png: bytes
    regions: Regions | None = None
    """Which part of either frame matches, seen in these two frames; None where verification sees too little."""

    @property
    def query_digest(self) -> str:
        return digest_of(self.query_png)

    @property
    def reference_digest(self) -> str:
        return digest_of(self.reference_png)


def moments(segments: Sequence[Segment], per_segment: int = 3) -> list[tuple[int, float, float]]:
    """(segment, query time, reference time): evenly inside each segment, away from its edges, where cuts lie.

    A point at a share of the query's stretch is paired with the same share of the reference's.
    """
    if len(segments) * per_segment > MOST:
        per_segment = max(1, MOST // len(segments))
    longest = sorted(range(len(segments)), key=lambda i: (-segments[i].query.length, i))[: MOST // per_segment]
    shares = [(k + 0.5) / per_segment for k in range(per_segment)]
    return [
        (i, s.query.start + share * s.query.length, s.reference_at(share))
        for i in sorted(longest)
        for s in (segments[i],)
        for share in shares
    ]


def frame_pairs(
    query_path: Path, reference_path: Path, segments: Sequence[Segment], limits: Limits, per_segment: int = 3
) -> list[FramePair]:
    """Pairs for at most MOST moments. The same two frames are never shown twice (two still pictures give one pair).

    Raises UnreadableMedia or NotFound where a side cannot be read.
    """
    asked = moments(segments, per_segment)
    if not asked:
        return []
    query = _pictures(query_path, [time for _, time, _ in asked], limits)
    reference = _pictures(reference_path, [time for _, _, time in asked], limits)
    pairs: dict[tuple[float, float], FramePair] = {}
    for segment, query_asked, reference_asked in asked:
        mine, theirs = query[query_asked], reference[reference_asked]
        if (mine.time_s, theirs.time_s) not in pairs:
            regions = _regions(mine.features, theirs.features)
            pair = FramePair(segment, mine.time_s, theirs.time_s, mine.png, theirs.png, regions)
            pairs[mine.time_s, theirs.time_s] = pair
    return list(pairs.values())


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """PNG of (h, w, 3) RGB, made smaller where its long side exceeds LONG_SIDE; the same pixels give the same bytes."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()


def outlined(picture: Image.Image, outline: Outline) -> Image.Image:
    """A copy with a line around `outline`: dark and light, so that it is seen on any ground."""
    picture = picture.convert("RGB")
    corners = [(x * (picture.width - 1), y * (picture.height - 1)) for x, y in outline]
    draw, width = ImageDraw.Draw(picture), max(2, picture.width // 240)
    for colour, thickness in (((20, 20, 20), 2 * width), ((255, 214, 0), width)):
        draw.line([*corners, *corners[:2]], fill=colour, width=thickness, joint="curve")
    return picture


@dataclass(frozen=True, slots=True)
class _Picture:
    time_s: float
    png: bytes
    features: Local


def _regions(query: Local, reference: Local) -> Regions | None:
    found = verify(query, reference)
    return regions_of(found) if found is not None and holds(found) else None


def _pictures(path: Path, times_s: Sequence[float], limits: Limits) -> dict[float, _Picture]:
    """By asked time, the frame displayed then. Asked in order, the file is passed once."""
    ordered = sorted(set(times_s))
    frames = frames_at(path, ordered, limits)
    made: dict[float, _Picture] = {}
    for frame in frames:
        if frame.time_s not in made:
            features = local_features(frame.pixels, 2 * MOST_FEATURES)
            made[frame.time_s] = _Picture(float(frame.time_s), to_png(frame.pixels), features)
    return {asked: made[frame.time_s] for asked, frame in zip(ordered, frames, strict=True)}
