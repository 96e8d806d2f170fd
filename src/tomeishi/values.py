"""Small value types that every room shares.

Times are seconds from the start of the media. Intervals are half-open, [start, end):
at one sample a second, sample 3 covers [3.0, 4.0), and neighbours touch without overlapping.
A still picture occupies [0, 1).
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any

import rfc8785

from tomeishi import clock
from tomeishi.errors import BadInput


class Kind(StrEnum):
    """Kind of resemblance (docs/glossary.md)."""

    COPY = "copy"
    EDIT = "edit"
    CHARACTER = "character"
    STYLE = "style"
    SOUND = "sound"
    NAME = "name"
    DESCRIPTION = "description"


class Band(StrEnum):
    """How sure, each with its measured false segments per 100 screened hours (docs/calibration.md)."""

    STRONG = "strong"
    LIKELY = "likely"
    WEAK = "weak"


class Use(StrEnum):
    """What somebody wants to do with a work."""

    REPRODUCE = "reproduce"
    TRAIN = "train"
    FINE_TUNE = "fine_tune"
    INPUT = "input"
    GENERATE_CHARACTER = "generate_character"
    GENERATE_STYLE = "generate_style"
    INDEX = "index"
    SEARCH = "search"


class Verdict(StrEnum):
    """What the policy says about a query or a finding."""

    CLEAR = "clear"
    REVIEW = "review"
    BLOCK = "block"


class MediaKind(StrEnum):
    """What a file holds: moving pictures (with or without sound), a still picture, or sound alone."""

    VIDEO = "video"
    IMAGE = "image"
    SOUND = "sound"


USE_BY_KIND = {
    Kind.COPY: Use.REPRODUCE,
    Kind.EDIT: Use.REPRODUCE,
    Kind.SOUND: Use.REPRODUCE,
    Kind.CHARACTER: Use.GENERATE_CHARACTER,
    Kind.NAME: Use.GENERATE_CHARACTER,
    Kind.DESCRIPTION: Use.GENERATE_CHARACTER,
    Kind.STYLE: Use.GENERATE_STYLE,
}
"""The use asked of the ledger when the caller names none."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A stretch of media time, in seconds, end excluded."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if not (isfinite(self.start) and isfinite(self.end) and 0 <= self.start < self.end):
            raise BadInput(f"not an interval: start {self.start} s, end {self.end} s")

    @property
    def length(self) -> float:
        return self.end - self.start

    def overlap(self, other: "Interval") -> float:
        """Seconds that both share; 0 if they only touch."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


def covered_s(intervals: Iterable[Interval]) -> float:
    """Seconds covered by the union of `intervals`."""
    total, reached = 0.0, 0.0
    for interval in sorted(intervals):
        total += max(0.0, interval.end - max(interval.start, reached))
        reached = max(reached, interval.end)
    return total


Outline = tuple[tuple[float, float], ...]
"""Corners of a polygon, x and y in shares of a picture's width and height, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture: left, top, width and height in shares of it, not empty and inside [0, 1]."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        ends = (self.x, self.y, self.x + self.width, self.y + self.height)
        if not (all(isfinite(end) and -1e-3 <= end <= 1 + 1e-3 for end in ends) and min(self.width, self.height) > 0):
            raise BadInput(f"not a box inside a picture: {self.x}, {self.y}, {self.width}, {self.height}")

    @property
    def outline(self) -> Outline:
        left, top = max(0.0, self.x), max(0.0, self.y)
        right, bottom = min(1.0, self.x + self.width), min(1.0, self.y + self.height)
        return ((left, top), (right, top), (right, bottom), (left, bottom))

    def to_json(self) -> list[float]:
        return [round(min(max(each, 0.0), 1.0), 4) for each in (self.x, self.y, self.width, self.height)]

    def shared(self, other: "Box") -> float:
        """Intersection over union, in [0, 1]."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        both = max(0.0, across) * max(0.0, down)
        return both / (self.width * self.height + other.width * other.height - both)


WHOLE_PICTURE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Regions:
    """Which part of either picture matches, seen at one moment of a segment by geometric verification.

    Of kind `character` these are the boxes of the two figures, and no places were compared.
    """

    query: Outline
    reference: Outline
    mirrored: bool
    turned: float
    """Degrees by which the query's picture is turned, clockwise, in (-180, 180]."""
    places: int
    """Places of the picture that agree."""

    def to_json(self) -> dict[str, Any]:
        return {
            "query": [list(corner) for corner in self.query],
            "reference": [list(corner) for corner in self.reference],
            "mirrored": self.mirrored,
            "turned": self.turned,
            "places": self.places,
        }


@dataclass(frozen=True, slots=True)
class Segment:
    """Two aligned stretches: what of the query resembles what of the reference, score in [0, 1]."""

    query: Interval
    reference: Interval
    score: float
    regions: Regions | None = None
    """None where it was not verified, or where verification saw too little."""
    backwards: bool = False
    """Whether the query plays the reference's stretch from its end to its start."""

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise BadInput(f"a score lies in [0, 1], not {self.score}")

    @property
    def slope(self) -> float:
        """Reference seconds per query second: 2 where the query plays at double speed."""
        return self.reference.length / self.query.length

    @property
    def speed(self) -> float:
        """The slope, below 0 where the query plays backwards."""
        return -self.slope if self.backwards else self.slope

    def reference_at(self, share: float) -> float:
        """The reference's time at a share of the query's stretch, in [0, 1]."""
        return self.reference.start + (1 - share if self.backwards else share) * self.reference.length


@dataclass(frozen=True, slots=True)
class Skipped:
    """An item of a batch that could not be checked, and why."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Partial:
    """Media that could be read only up to `until` seconds, and why it ended there."""

    reason: str
    until: float


_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix: str) -> str:
    """`prefix_` and a ULID: sorts by time of making, and cannot be guessed (80 random bits)."""
    number = (int(clock.now().timestamp() * 1000) << 80) | secrets.randbits(80)
    return prefix + "_" + "".join(_BASE32[(number >> shift) & 31] for shift in range(125, -1, -5))


def digest_of(data: bytes) -> str:
    """SHA-256 of `data` as `sha256:<64 hex digits>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def canonical(value: Any) -> bytes:
    """JSON Canonicalization Scheme (RFC 8785): the bytes that are signed and digested."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, ValueError) as error:
        raise BadInput(f"cannot be written as canonical JSON: {error}") from error
