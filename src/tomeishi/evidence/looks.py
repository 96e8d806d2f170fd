"""What a reviewer looks at of one match: frame pairs as small pictures, and the similarity curve.

Both are made by decoding, so they are made once and kept under a digest of what they were made from; the folder may be
emptied at any time. A file is looked at only while it still is the one that was registered or screened.
"""

import io
import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Semaphore
from typing import Any

from PIL import Image

from tomeishi.config import Limits
from tomeishi.errors import NotFound, StorageFailure, UnreadableMedia
from tomeishi.evidence.frame_pairs import frame_pairs
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import extract
from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.matching.matches import frames_of, similarity_curve
from tomeishi.media.sample import SamplePlan, frames_at
from tomeishi.values import Box, Segment, canonical, digest_of, digest_of_file

LONG_SIDE = 512
"""Of a small picture; the evidence has the same frames whole."""
AT_ONCE = 2
"""Matches that are decoded at once: a queue full of pictures must not take the machine."""

_PLAN = "pairs-2", "curve-1", "drawing-1"
"""Part of the digest: counted up when what is made changes."""
_ROOM = 0.05
"""Around a drawing, of its longer side."""


@dataclass(frozen=True, slots=True)
class File:
    """A film or picture, and what its bytes have to be."""

    path: Path
    digest: str

    @property
    def is_there(self) -> bool:
        """Whether some file lies there; `require` says whether it is the one."""
        return self.path.is_file()

    def require(self) -> Path:
        """NotFound where it is gone, or is another file now."""
        try:
            state = self.path.stat()
            if _digest(self.path, state.st_size, state.st_mtime_ns) == self.digest:
                return self.path
        except OSError as error:
            raise NotFound(f"{self.path.name}: the file is no longer where it was") from error
        raise NotFound(f"{self.path.name}: another file lies there now")


@dataclass(frozen=True, slots=True)
class Pair:
    """One moment on both sides, in presentation times; the pictures lie beside it under `name`."""

    segment: int
    query_time_s: float
    reference_time_s: float
    name: str


class Looks:
    """Makes and keeps what is looked at, in one folder. Safe to share between threads."""

    def __init__(self, folder: Path, image: Descriptor, pdq: Descriptor, plan: SamplePlan, limits: Limits) -> None:
        self._folder = folder
        self._descriptors = (image, pdq)
        self._plan = plan
        self._limits = limits
        self._gate = Semaphore(AT_ONCE)

    def pairs(self, query: File, reference: File, segments: Sequence[Segment]) -> list[Pair]:
        """Empty where either file is gone or cannot be read."""

        def make(into: Path) -> list[Any]:
            found = frame_pairs(query.require(), reference.require(), segments, self._limits)
            for number, pair in enumerate(found):
                _small(pair.query_png, into / f"{number}-query.webp")
                _small(pair.reference_png, into / f"{number}-reference.webp")
            return [
                [pair.segment, pair.query_time_s, pair.reference_time_s, str(number)]
                for number, pair in enumerate(found)
            ]

        try:
            rows = self._kept(_key(_PLAN[0], query, reference, segments), make)
        except (NotFound, UnreadableMedia):
            return []
        return [Pair(*row) for row in rows]

    def picture(self, query: File, reference: File, segments: Sequence[Segment], number: int, side: str) -> Path:
        """A small picture (WebP) of pair `number` from 0; NotFound where there is none."""
        pairs = self.pairs(query, reference, segments)
        if not 0 <= number < len(pairs) or side not in ("query", "reference"):
            raise NotFound("no such frame pair")
        return self._place(_key(_PLAN[0], query, reference, segments)) / f"{pairs[number].name}-{side}.webp"

    def drawing(self, file: File, time_s: float, box: Box) -> Path:
        """A small picture (WebP) of the part of a file in `box`, as it stands at `time_s`, a little of its surroundings
        included. Raises NotFound and UnreadableMedia."""

        def make(into: Path) -> list[Any]:
            picture = Image.fromarray(frames_at(file.require(), [time_s], self._limits)[0].pixels)
            room = _ROOM * max(box.width * picture.width, box.height * picture.height)
            left, top = box.x * picture.width - room, box.y * picture.height - room
            right, bottom = (box.x + box.width) * picture.width + room, (box.y + box.height) * picture.height + room
            cut = picture.crop((max(0, left), max(0, top), min(picture.width, right), min(picture.height, bottom)))
            cut.thumbnail((LONG_SIDE // 2, LONG_SIDE // 2), Image.Resampling.LANCZOS)
            cut.save(into / "drawing.webp", "WEBP", quality=82)
            return []

        key = digest_of(canonical([_PLAN[2], file.digest, time_s, box.to_json()])).removeprefix("sha256:")
        self._kept(key, make)
        return self._place(key) / "drawing.webp"

    def curve(self, query: File, reference: File, fingerprints: tuple[bytes, bytes]) -> list[tuple[float, float]]:
        """Time of each query sample, and its similarity to the nearest moment of the reference, in [0, 1].

        `fingerprints` are those of the reference, as they are kept, image first. Empty where the query cannot be read.
        """

        def make(into: Path) -> list[Any]:
            image, pdq = self._descriptors
            read = extract(query.require(), self._descriptors, self._plan, self._limits).fingerprints
            frames = frames_of(read[image.spec.key], read[pdq.spec.key])
            known = frames_of(*(Fingerprint.from_bytes(data) for data in fingerprints))
            return [[round(t, 3), round(s, 4)] for t, s in similarity_curve(frames, known)]

        weights = [each.spec.weights_digest for each in self._descriptors]
        try:
            rows = self._kept(_key(_PLAN[1], query, reference, (), weights), make)
        except (NotFound, UnreadableMedia):
            return []
        return [(t, s) for t, s in rows]

    def _kept(self, key: str, make: Callable[[Path], list[Any]]) -> list[Any]:
        place = self._place(key)
        if not (place / "rows.json").exists():
            with self._gate:
                if not (place / "rows.json").exists():
                    self._make(place, make)
        rows: list[Any] = json.loads((place / "rows.json").read_text(encoding="utf-8"))
        return rows

    def _make(self, place: Path, make: Callable[[Path], list[Any]]) -> None:
        """Whole or not at all; whoever comes second throws its own away."""
        half = place.with_name(f".{secrets.token_hex(8)}")
        try:
            half.mkdir(parents=True)
            (half / "rows.json").write_text(json.dumps(make(half)), encoding="utf-8")
            with suppress(OSError):
                half.rename(place)
        except OSError as error:
            raise StorageFailure(f"{place.parent}: cannot be written: {error.strerror}") from error
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def _place(self, key: str) -> Path:
        return self._folder / key[:2] / key


@lru_cache(maxsize=4096)
def _digest(path: Path, size_bytes: int, changed_ns: int) -> str:
    """Read once for each state of the file: a player asks for many ranges of one film."""
    return digest_of_file(path)


def _key(plan: str, query: File, reference: File, segments: Sequence[Segment], more: Sequence[str | None] = ()) -> str:
    spans = [[s.query.start, s.query.end, s.reference_at(0), s.reference_at(1)] for s in segments]
    return digest_of(canonical([plan, query.digest, reference.digest, spans, list(more)])).removeprefix("sha256:")


def _small(png: bytes, path: Path) -> None:
    picture = Image.open(io.BytesIO(png))
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    picture.save(path, "WEBP", quality=82)
