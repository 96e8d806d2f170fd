"""Anchors: the few pictures of a media item whose local features are kept, and the file that keeps them.

A new anchor is taken where the picture has changed since the last one, at most one a second, and now and then where
it stands still. Verification then needs no media of the reference, which whoever screens may never have had.

    offset  bytes    what
    0       7        TOMEANC
    7       1        version of the format, 1
    8       4        number of anchors n, unsigned
            208 n    time float64, width and height float32 in shares of the longer side, colour layout uint8 (8, 8, 3)
            4 n      features of each, unsigned
            6 m      x and y uint16 in 1/65535 of the longer side, size uint8 (logarithmic), direction uint8
            16 m     bits
            32       SHA-256 of all before

Numbers are little-endian.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.fingerprint.descriptor import Rows
from tomeishi.fingerprint.local import Local, local_features
from tomeishi.media.sample import Frame

KEY = "local-1"
"""Names the rule as a descriptor's key does."""
MAGIC = b"TOMEANC"
FORMAT = 1
_PREFIX = struct.Struct("<7sBI")
_DIGEST_BYTES = 32
_CHANGED = 0.12
"""Cosine distance of image rows from which a picture is another one."""
_SOONEST_S, _LATEST_S = 0.9, 4.0
_SIZE_STEPS = 24.0
"""Steps of the stored size to an e-fold; 255 of them reach from 1/4000 of the longer side to ten times it."""
_SMALLEST = 1 / 4000
_PLACE = np.dtype([("x", "<u2"), ("y", "<u2"), ("size", "u1"), ("direction", "u1")])
_HEAD = np.dtype([("time_s", "<f8"), ("width", "<f4"), ("height", "<f4"), ("colours", "u1", (8, 8, 3))])


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Pictures in order of time; `to_bytes` tells whether two are equal."""

    times_s: NDArray[np.float64]
    pictures: tuple[Local, ...]

    @property
    def features(self) -> int:
        return sum(len(picture) for picture in self.pictures)

    def nearest(self, time_s: float, at_most: int) -> list[int]:
        """Numbers of the anchors around `time_s`: the last before it and those next to that."""
        if not len(self.times_s):
            return []
        return [int(n) for n in np.argsort(np.abs(self.times_s - time_s), kind="stable")[:at_most]]

    def to_bytes(self) -> bytes:
        head = np.zeros(len(self.times_s), _HEAD)
        head["time_s"] = self.times_s
        head["width"] = [picture.width for picture in self.pictures]
        head["height"] = [picture.height for picture in self.pictures]
        for n, picture in enumerate(self.pictures):
            head["colours"][n] = picture.colours
        counts = np.array([len(picture) for picture in self.pictures], "<u4")
        points = np.concatenate([np.zeros((0, 4), np.float32), *(picture.points for picture in self.pictures)])
        places = np.zeros(len(points), _PLACE)
        places["x"], places["y"] = (np.rint(np.clip(points[:, n], 0, 1) * 65535) for n in (0, 1))
        steps = np.rint(np.log(np.maximum(points[:, 2], _SMALLEST) / _SMALLEST) * _SIZE_STEPS)
        places["size"] = np.minimum(steps, 255)
        places["direction"] = np.rint(points[:, 3] % (2 * np.pi) * (256 / (2 * np.pi))).astype(np.int64) % 256
        bits = np.concatenate([np.zeros((0, 16), np.uint8), *(picture.bits for picture in self.pictures)])
        data = _PREFIX.pack(MAGIC, FORMAT, len(head)) + b"".join(
            part.tobytes() for part in (head, counts, places, bits)
        )
        return data + hashlib.sha256(data).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises BadInput for anything but what `to_bytes` wrote."""
        body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
        if len(data) < _PREFIX.size + _DIGEST_BYTES or hashlib.sha256(body).digest() != digest:
            raise BadInput("not a file of anchors, or damaged")
        magic, version, count = _PREFIX.unpack_from(body)
        if magic != MAGIC or version != FORMAT:
            raise BadInput(f"not a file of anchors that this version reads (format {version})")
        at = _PREFIX.size
        if len(body) < at + count * (_HEAD.itemsize + 4):
            raise BadInput("a file of anchors is shorter than it says")
        head = np.frombuffer(body, _HEAD, count, at)
        counts = np.frombuffer(body, "<u4", count, at + head.nbytes)
        at += head.nbytes + counts.nbytes
        total = int(counts.sum(dtype=np.int64))
        if len(body) != at + total * (_PLACE.itemsize + 16):
            raise BadInput("a file of anchors has not the length it says")
        places = np.frombuffer(body, _PLACE, total, at)
        bits = np.frombuffer(body, np.uint8, total * 16, at + places.nbytes).reshape(-1, 16)
        points = np.column_stack(
            [
                places["x"] / 65535,
                places["y"] / 65535,
                _SMALLEST * np.exp(places["size"] / _SIZE_STEPS),
                places["direction"] * (2 * np.pi / 256),
            ]
        ).astype(np.float32)
        ends = np.cumsum(counts, dtype=np.int64)
        pictures = tuple(
            Local(points[end - n : end], bits[end - n : end], float(w), float(h), colours)
            for end, n, w, h, colours in zip(ends, counts, head["width"], head["height"], head["colours"], strict=True)
        )
        if not (np.isfinite(head["time_s"]).all() and all(0 < p.width <= 1 and 0 < p.height <= 1 for p in pictures)):
            raise BadInput("a file of anchors holds times or sizes that no picture has")
        return cls(np.array(head["time_s"], np.float64), pictures)


class AnchorMaker:
    """Chooses anchors while a reference is described: shown frame after frame, with the image row of each."""

    def __init__(self) -> None:
        self._times_s: list[float] = []
        self._pictures: list[Local] = []
        self._last: NDArray[np.float32] | None = None

    def see(self, frames: Sequence[Frame], rows: Sequence[Rows]) -> None:
        """A batch of frames; the first of `rows` are those of a cosine descriptor. Blank frames are passed over."""
        for frame, row, quality in zip(frames, rows[0].values, rows[0].quality, strict=True):
            self._look(frame.time_s, frame.pixels, np.asarray(row, np.float32), float(quality))

    def _look(self, time_s: float, pixels: NDArray[np.uint8], row: NDArray[np.float32], quality: float) -> None:
        if quality <= 0:
            return
        if self._last is not None:
            waited = time_s - self._times_s[-1]
            changed = 1 - float(row @ self._last) >= _CHANGED
            if waited < _SOONEST_S or not (changed or waited >= _LATEST_S):
                return
        self._last = row
        self._times_s.append(time_s)
        self._pictures.append(local_features(pixels))

    def anchors(self) -> Anchors:
        return Anchors(np.array(self._times_s, np.float64), tuple(self._pictures))
