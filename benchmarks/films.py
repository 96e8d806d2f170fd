"""Drawn films as frames, without the detour over a file: what a benchmark needs in large numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.shipped import shipped_descriptors
from tomeishi.matching.align import Track
from tomeishi.matching.matches import MIN_QUALITY, Frames, SameFrame
from tomeishi.matching.score import telling
from tomeishi.testing.changes import Moment
from tomeishi.testing.edits import EDITS, edited
from tomeishi.testing.films import film, frames
from tomeishi.values import Interval

RATE_HZ = 2.0
DRAWN_HZ = 8.0
"""Films are drawn at this rate; a query is sampled from it at any phase and speed."""
SIZE = (512, 288)
CARD_S = 4.0
"""Every film opens with a title card."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One drawn film at DRAWN_HZ, (n, 288, 512, 3)."""

    seed: int
    pictures: Picture

    @property
    def duration_s(self) -> float:
        return len(self.pictures) / DRAWN_HZ


@dataclass(frozen=True, slots=True)
class Clip:
    """An altered stretch of a film, alone: `truth` are the seconds of the film that it shows."""

    pictures: list[Picture]
    truth: Interval
    speed: float
    edits: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        return len(self.pictures) / RATE_HZ


def draw(seed: int, seconds: float) -> Drawn:
    width, height = SIZE
    pictures = frames(film(seed, seconds - CARD_S), DRAWN_HZ, width, height)
    return Drawn(seed, np.stack([*card(seed, DRAWN_HZ), *pictures]))


def sampled(drawn: Drawn) -> list[Picture]:
    """At RATE_HZ, as a reference is."""
    return list(drawn.pictures[:: int(DRAWN_HZ / RATE_HZ)])


def draw_sampled(seed: int, seconds: float) -> list[Picture]:
    """A film at RATE_HZ only, which is quicker to draw."""
    width, height = SIZE
    return [*card(seed, RATE_HZ), *frames(film(seed, seconds - CARD_S), RATE_HZ, width, height)]


def card(seed: int, rate_hz: float) -> list[Picture]:
    """A title card of CARD_S seconds that fades in and out: cards of unlike films resemble each other."""
    rng = np.random.default_rng([seed, 0xCA4D])
    width, height = SIZE
    still = np.full((height, width, 3), rng.integers(0, 24, 3), dtype=np.uint8)
    ink = tuple(int(c) for c in rng.integers(170, 256, 3))
    for number in range(int(rng.integers(1, 4))):
        words = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVW  "), size=int(rng.integers(5, 16))))
        at = (int(rng.integers(20, width // 3)), int(height * (0.3 + 0.2 * number)))
        face, size = int(rng.integers(0, 5)), float(rng.uniform(0.7, 1.8))
        cv2.putText(still, words, at, face, size, ink, int(rng.integers(1, 4)), cv2.LINE_AA)
    count = int(CARD_S * rate_hz)
    shares = np.minimum(1, np.minimum(np.arange(1, count + 1), np.arange(count, 0, -1)) / rate_hz)
    return [np.asarray(still * share, dtype=np.uint8) for share in shares]


def clip(
    drawn: Drawn, rng: np.random.Generator, edits: Sequence[str], speed: float, seconds: float, other: Drawn
) -> Clip:
    """A stretch of `seconds` query seconds at `speed`, beginning anywhere, altered."""
    span = seconds * speed
    start = float(rng.uniform(0, drawn.duration_s - span))
    seed = int(rng.integers(1 << 30))
    pictures = []
    for number in range(int(seconds * RATE_HZ)):
        at = min(int((start + number / RATE_HZ * speed) * DRAWN_HZ), len(drawn.pictures) - 1)
        beside = other.pictures[(number * int(DRAWN_HZ / RATE_HZ)) % len(other.pictures)]
        pictures.append(edited(drawn.pictures[at], edits, Moment(seed, number / RATE_HZ, beside)))
    return Clip(pictures, Interval(start, start + span), speed, tuple(edits))


def frames_of(pictures: Sequence[Picture], image: Descriptor, pdq: Descriptor) -> Frames:
    """Described at RATE_HZ, blank ones left out, as extraction and matching do."""
    batch = np.stack(pictures)
    described = image.describe(batch)
    kept = described.quality >= MIN_QUALITY
    times = np.arange(len(pictures)) / RATE_HZ
    return Frames(
        Track(times[kept], len(pictures) / RATE_HZ),
        np.asarray(described.values[kept], dtype=np.float32),
        np.asarray(pdq.describe(batch).values[kept], dtype=np.uint8),
        telling(described.quality[kept]),
    )


def descriptors() -> tuple[Descriptor, Descriptor, SameFrame]:
    """The image descriptor, PDQ, and from where on frames count as the same."""
    pdq, image = shipped_descriptors(threads=1)
    return image, pdq, SameFrame(image.spec.threshold, pdq.spec.threshold)


FRAME_EDITS = tuple(EDITS)
