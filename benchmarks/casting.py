"""Drawn clips in which known figures act, and sheets to enrol them by: material of `benchmarks.characters`.

A clip is given as the samples that a screening would see of it. In the *same* style a film is drawn with the figures
as its cast: new scenes, poses and expressions, any of their costumes. In *another* style drawings by another hand act
before the frames of a film that has nothing to do with them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.enrolling import rows_in
from tomeishi.fingerprint.descriptor import Descriptor, Rows
from tomeishi.fingerprint.figure import SIDE, SPEC
from tomeishi.fingerprint.samples import detail
from tomeishi.fingerprint.sightings import LEAST_DETAIL, Onlooker, Sightings
from tomeishi.media.sample import Frame
from tomeishi.testing.acting import ACTIONS
from tomeishi.testing.figures import Character
from tomeishi.testing.films import DrawnFilm, film, frames
from tomeishi.testing.hands import HANDS
from tomeishi.testing.model_sheets import Figure, Situation, cast, draw, model_sheet, on_paper, placed
from tomeishi.testing.staging import shots
from tomeishi.values import Box

RATE_HZ = 2.0
WIDE, HIGH = 512, 288
SAME, OTHER = "same style", "another style"


@dataclass(frozen=True, slots=True)
class Artist:
    """Four figures of one hand: two that get registered, two that don't."""

    registered: tuple[Figure, ...]
    unregistered: tuple[Figure, ...]


def artist(seed: int) -> Artist:
    figures = cast(seed, 4)
    return Artist(figures[:2], figures[2:])


@dataclass(frozen=True, slots=True)
class Looked:
    """What a descriptor would be shown, so that another one can be tried on the same: arrays of n boxes."""

    times_s: NDArray[np.float64]
    shots: NDArray[np.int64]
    boxes: NDArray[np.float64]
    """(n, 4)"""
    squares: NDArray[np.uint8]
    """(n, side, side, 3)"""

    def described(self, descriptor: Descriptor) -> Sightings:
        boxes = tuple(Box(*(float(each) for each in box)) for box in self.boxes)
        return Sightings(self.times_s, self.shots, boxes, descriptor.describe(self.squares).values.astype(np.float32))


class _Collecting:
    """Keeps what it is shown; its rows say nothing."""

    spec = replace(SPEC, weights_digest=None)

    def __init__(self) -> None:
        self.shown: list[NDArray[np.uint8]] = []

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        quality = np.array([detail(sample) for sample in samples], np.float32)
        self.shown += [sample for sample, each in zip(samples, quality, strict=True) if each >= LEAST_DETAIL]
        return Rows(np.eye(1, SPEC.dim, dtype=np.float32).repeat(len(samples), axis=0), quality)

    @property
    def squares(self) -> NDArray[np.uint8]:
        return np.stack(self.shown) if self.shown else np.zeros((0, SIDE, SIDE, 3), np.uint8)


def looked(clip: Iterator[Frame]) -> Looked:
    """Where a screening looks in a film."""
    collecting = _Collecting()
    onlooker = Onlooker(collecting)
    for frame in clip:
        onlooker.see([frame])
    seen = onlooker.sightings(still=False)
    boxes = np.array([[box.x, box.y, box.width, box.height] for box in seen.boxes], np.float64).reshape(-1, 4)
    return Looked(seen.times_s, seen.shots, boxes, collecting.squares)


def sheet(figure: Figure, drawings: int, *, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Squares that enrolling describes of the figure's model sheet, and of which drawing each is."""
    collecting, owners = _Collecting(), []
    for number, drawing in enumerate(model_sheet(figure, drawings, seed=seed)):
        (high, wide), room = drawing.shape[:2], max(drawing.shape[:2]) // 4
        box = Box(
            room / (wide + 2 * room), room / (high + 2 * room), wide / (wide + 2 * room), high / (high + 2 * room)
        )
        owners += [number] * len(rows_in(on_paper([drawing], margin=room), box, collecting))
    return collecting.squares, np.array(owners, np.int64)


def acted(seed: int, figures: tuple[Figure, ...], style: str, seconds: float) -> Iterator[Frame]:
    """Samples of a clip in which all of `figures` act, at 60 pixels of height or more."""
    random = np.random.default_rng([seed, 0xAC7])
    if style == SAME:
        looks = [each.looks[int(random.integers(len(each.looks)))] for each in figures]
        played = tuple(Character(f"f{n}", f"f{n}", f"F{n}", look) for n, look in enumerate(looks))
        return samples(replace(film(seed, seconds), characters=played))
    hand = [name for name in HANDS if name != "cel"][int(random.integers(len(HANDS) - 1))]
    return _collage(seed, figures, hand, seconds, random)


def samples(drawn: DrawnFilm) -> Iterator[Frame]:
    """What a screening sees of a film: two frames a second, and where a shot begins."""
    begins = {take.start_s for take in shots(drawn.seed, drawn.duration_s, drawn.characters)}
    last = 0.0
    for number, pixels in enumerate(frames(drawn, RATE_HZ, WIDE, HIGH)):
        now = number / RATE_HZ
        yield Frame(now, pixels, number == 0 or any(last < at <= now for at in begins))
        last = now


def _collage(
    seed: int, figures: tuple[Figure, ...], hand: str, seconds: float, random: np.random.Generator
) -> Iterator[Frame]:
    acts = [(figure, _part(random, hand, n, len(figures))) for n, figure in enumerate(figures)]
    for frame in samples(film(seed + 5_000, seconds)):
        pixels = frame.pixels
        if frame.scene_change:
            acts = [(figure, _part(random, hand, n, len(figures))) for n, figure in enumerate(figures)]
        for figure, (now, share, x, speed) in acts:
            drawing = draw(figure, replace(now, moment=now.moment + frame.time_s), height_px=round(share * HIGH))
            high = drawing.shape[0] / HIGH
            pixels, _ = placed(pixels, drawing, min(high, 0.95), (x + speed * (frame.time_s % 4), 0.97))
        squeezed = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
        softened = np.asarray(cv2.imdecode(squeezed, cv2.IMREAD_COLOR), np.uint8)
        yield Frame(frame.time_s, np.ascontiguousarray(softened[..., ::-1]), frame.scene_change)


def _part(random: np.random.Generator, hand: str, number: int, of: int) -> tuple[Situation, float, float, float]:
    now = Situation(
        action=ACTIONS[int(random.integers(len(ACTIONS)))],
        moment=float(random.uniform(0, 20)),
        costume=int(random.integers(3)),
        view=("threequarter", "front", "profile")[int(random.integers(3))],
        hand=hand,
        mirrored=bool(random.random() < 0.5),
    )
    place = (number + 0.5) / of + float(random.uniform(-0.1, 0.1))
    return now, float(random.uniform(0.25, 0.7)), place, float(random.uniform(-0.04, 0.04))
