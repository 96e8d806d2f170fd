"""All rows of one media item for one descriptor, with their times, and the file that keeps them.

    offset  bytes    what
    0       7        TOMEFPR
    7       1        version of the format, 1
    8       4        length of the header, unsigned
    12      header   canonical JSON: descriptor, dim, duration_s, metric, rows, weights_digest
            8 n      times, float64 seconds
            4 n      quality, float32
            n width  rows: float32 x dim for cosine, uint8 x dim / 8 for hamming and landmarks
            32       SHA-256 of all before

Numbers are little-endian. There is one file for one fingerprint: equal fingerprints have equal bytes.
"""

import hashlib
import json
import math
import struct
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.values import canonical

MAGIC = b"TOMEFPR"
FORMAT = 1
_PREFIX = struct.Struct("<7sBI")
_DIGEST_BYTES = 32
_LONGEST_HEADER = 4096
_WIDEST_DIM = 65536
_HEADER_KEYS = {"descriptor", "dim", "duration_s", "metric", "rows", "weights_digest"}
_UNIT_TOLERANCE = 1e-3
"""How far a cosine row's length may be from 1; float32 rows stay well under it, rows of another kind don't."""


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """Rows in presentation order. Arrays are read-only; `to_bytes` tells whether two fingerprints are equal."""

    descriptor: str
    """The descriptor's key, `name-version`."""
    weights_digest: str | None
    metric: Metric
    dim: int
    """Numbers per row; bits for `hamming` and `landmarks`."""
    times_s: NDArray[np.float64]
    """(n,), finite, never falling, at least 0."""
    rows: NDArray[np.float32] | NDArray[np.uint8]
    """(n, row_width) as `descriptor.DescriptorSpec` says; unit length for `cosine`."""
    quality: NDArray[np.float32]
    """(n,) in [0, 1]; 0 for a blank frame."""
    duration_s: float
    """Of the whole media, measured; a row may lie past it where a file's clock is at odds with itself."""

    def __post_init__(self) -> None:
        width = _row_width(self.metric, self.dim)
        dtype = np.dtype(np.float32 if self.metric is Metric.COSINE else np.uint8)
        count = len(self.times_s)
        for name, shape, expected in (
            ("times_s", (count,), np.dtype(np.float64)),
            ("rows", (count, width), dtype),
            ("quality", (count,), np.dtype(np.float32)),
        ):
            array = getattr(self, name)
            if array.shape != shape or array.dtype != expected:
                raise BadInput(f"{name} of a fingerprint must be {expected} {shape}, not {array.dtype} {array.shape}")
            view = np.ascontiguousarray(array).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        if not (math.isfinite(self.duration_s) and self.duration_s >= 0):
            raise BadInput(f"not a duration: {self.duration_s} s")
        if not np.isfinite(self.times_s).all() or (self.times_s < 0).any() or (np.diff(self.times_s) < 0).any():
            raise BadInput("times of a fingerprint must be finite, at least 0 and in order")
        if not ((self.quality >= 0) & (self.quality <= 1)).all():
            raise BadInput("quality of a fingerprint must lie in [0, 1]")
        if self.metric is Metric.COSINE:
            # A row that is not finite, or overflows when squared, has no length near 1 either.
            with np.errstate(over="ignore", invalid="ignore"):
                lengths = np.linalg.norm(self.rows.astype(np.float64), axis=1)
            if not (np.abs(lengths - 1) <= _UNIT_TOLERANCE).all():
                raise BadInput("rows of a cosine fingerprint must be finite and of unit length")

    @classmethod
    def of(
        cls,
        spec: DescriptorSpec,
        times_s: NDArray[np.float64],
        rows: NDArray[np.float32] | NDArray[np.uint8],
        quality: NDArray[np.float32],
        duration_s: float,
    ) -> Self:
        """What `spec` made of one media item."""
        return cls(spec.key, spec.weights_digest, spec.metric, spec.dim, times_s, rows, quality, duration_s)

    def to_bytes(self) -> bytes:
        """The file, equal for equal fingerprints."""
        header = canonical(
            {
                "descriptor": self.descriptor,
                "dim": self.dim,
                "duration_s": self.duration_s,
                "metric": self.metric.value,
                "rows": len(self.times_s),
                "weights_digest": self.weights_digest,
            }
        )
        if len(header) > _LONGEST_HEADER:
            raise BadInput(f"the header of a fingerprint must fit {_LONGEST_HEADER} bytes: {self.descriptor[:80]}")
        body = b"".join(
            [
                _PREFIX.pack(MAGIC, FORMAT, len(header)),
                header,
                self.times_s.astype("<f8").tobytes(),
                self.quality.astype("<f4").tobytes(),
                self.rows.astype(_stored_dtype(self.metric)).tobytes(),
            ]
        )
        return body + hashlib.sha256(body).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The fingerprint that `to_bytes` wrote; raises BadInput for any other bytes, before allocating for them."""
        if len(data) < _PREFIX.size + _DIGEST_BYTES or not data.startswith(MAGIC):
            raise BadInput("not a fingerprint file: it does not begin like one, or is cut off")
        _, version, header_bytes = _PREFIX.unpack_from(data)
        if version != FORMAT:
            raise BadInput(f"fingerprint file of format {version}; this version reads format {FORMAT}")
        start, end = _PREFIX.size + header_bytes, len(data) - _DIGEST_BYTES
        if header_bytes > _LONGEST_HEADER or start > end:
            raise BadInput(f"fingerprint file is damaged: a header of {header_bytes} bytes in {len(data)} bytes")
        if hashlib.sha256(memoryview(data)[:end]).digest() != data[end:]:
            raise BadInput("fingerprint file is damaged: its digest does not hold")
        header = _Header.read(data[_PREFIX.size : start])
        width = _row_width(header.metric, header.dim)
        stored = _stored_dtype(header.metric)
        if end - start != header.rows * (8 + 4 + width * stored.itemsize):
            raise BadInput(f"fingerprint file is damaged: {end - start} bytes cannot be {header.rows} rows")
        quality_at = start + 8 * header.rows
        rows_at = quality_at + 4 * header.rows
        rows: NDArray[Any] = np.frombuffer(data, stored, header.rows * width, rows_at).reshape(header.rows, width)
        return cls(
            descriptor=header.descriptor,
            weights_digest=header.weights_digest,
            metric=header.metric,
            dim=header.dim,
            times_s=np.frombuffer(data, "<f8", header.rows, start).astype(np.float64),
            rows=rows.astype(np.float32) if header.metric is Metric.COSINE else rows.astype(np.uint8),
            quality=np.frombuffer(data, "<f4", header.rows, quality_at).astype(np.float32),
            duration_s=header.duration_s,
        )


@dataclass(frozen=True, slots=True)
class _Header:
    descriptor: str
    weights_digest: str | None
    metric: Metric
    dim: int
    rows: int
    duration_s: float

    @classmethod
    def read(cls, text: bytes) -> Self:
        try:
            value = json.loads(text)
            if not isinstance(value, dict) or set(value) != _HEADER_KEYS or canonical(value) != text:
                raise BadInput("fingerprint file is damaged: its header has other fields, or is not canonical JSON")
            digest, rows, duration_s = value["weights_digest"], value["rows"], value["duration_s"]
            if not (
                isinstance(value["descriptor"], str)
                and (digest is None or isinstance(digest, str))
                and _is_whole(value["dim"])
                and _is_whole(rows)
                and rows >= 0
                and (_is_whole(duration_s) or isinstance(duration_s, float))
            ):
                raise BadInput("fingerprint file is damaged: a field of its header has the wrong type")
            return cls(value["descriptor"], digest, Metric(value["metric"]), value["dim"], rows, float(duration_s))
        except (ValueError, RecursionError, OverflowError) as error:
            raise BadInput("fingerprint file is damaged: its header cannot be read") from error


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _stored_dtype(metric: Metric) -> np.dtype[np.float32] | np.dtype[np.uint8]:
    return np.dtype("<f4") if metric is Metric.COSINE else np.dtype(np.uint8)


def _row_width(metric: Metric, dim: int) -> int:
    """Columns of a row; raises BadInput where no row can be that wide."""
    if not 0 < dim <= _WIDEST_DIM or (metric is not Metric.COSINE and dim % 8):
        raise BadInput(f"not a row width: {dim} {'numbers' if metric is Metric.COSINE else 'bits'}")
    return dim if metric is Metric.COSINE else dim // 8
