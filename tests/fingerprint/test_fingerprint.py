"""The fingerprint and its file."""

import hashlib
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.fingerprint.descriptor import Metric
from tomeishi.fingerprint.fingerprint import FORMAT, MAGIC, Fingerprint
from tomeishi.values import canonical


def fingerprint(count: int = 3, metric: Metric = Metric.COSINE, dim: int = 16, **changed: Any) -> Fingerprint:
    random = np.random.default_rng(count)
    rows: NDArray[Any] = random.integers(0, 256, (count, dim // 8), np.uint8)
    if metric is Metric.COSINE:
        rows = random.standard_normal((count, dim))
        rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    fields = {
        "descriptor": "some-1",
        "weights_digest": None,
        "metric": metric,
        "dim": dim,
        "times_s": np.arange(count) * 0.5,
        "rows": rows,
        "quality": random.random(count, np.float32),
        "duration_s": count * 0.5,
    }
    return Fingerprint(**(fields | changed))


def sealed(header: dict[str, Any] | bytes, body: bytes = b"", version: int = FORMAT) -> bytes:
    """A file whose digest holds, whatever it says."""
    text = header if isinstance(header, bytes) else canonical(header)
    data = struct.pack("<7sBI", MAGIC, version, len(text)) + text + body
    return data + hashlib.sha256(data).digest()


HEADER = {"descriptor": "some-1", "dim": 8, "duration_s": 1.5, "metric": "hamming", "rows": 1, "weights_digest": None}
BODY = struct.pack("<dfB", 0.0, 1.0, 7)


@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(0, 40),
    metric=st.sampled_from(list(Metric)),
    width=st.integers(1, 8),
    digest=st.none() | st.just("sha256:" + "ab" * 32),
    duration_s=st.floats(0, 1e6),
    name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
)
def test_a_fingerprint_survives_its_file_bit_for_bit(
    count: int, metric: Metric, width: int, digest: str | None, duration_s: float, name: str
) -> None:
    made = fingerprint(count, metric, 8 * width, weights_digest=digest, duration_s=duration_s, descriptor=name)
    read = Fingerprint.from_bytes(made.to_bytes())
    assert read.to_bytes() == made.to_bytes()
    for field in ("times_s", "rows", "quality"):
        assert getattr(read, field).tobytes() == getattr(made, field).tobytes()
        assert getattr(read, field).dtype == getattr(made, field).dtype
    assert (read.descriptor, read.weights_digest, read.metric, read.dim) == (name, digest, metric, 8 * width)
    assert read.duration_s == duration_s


def test_the_file_of_a_known_fingerprint_never_changes() -> None:
    made = fingerprint(1, Metric.HAMMING, 8, rows=np.array([[7]], np.uint8), quality=np.ones(1, np.float32))
    assert made.to_bytes().hex() == (
        "544f4d454650520162000000"
        + canonical(HEADER | {"duration_s": 0.5}).hex()
        + BODY.hex()
        + "1ad94fcdca120a09df842522b7e625b43d9c9d2f23679723d1ea0f477ecf7ca1"
    )


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_file_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    good = bytearray(fingerprint().to_bytes())
    good[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadInput):
        Fingerprint.from_bytes(bytes(good))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_bytes_of_any_other_kind_are_refused(data: bytes) -> None:
    for text in (data, MAGIC + data, sealed(data)):
        with pytest.raises(BadInput):
            Fingerprint.from_bytes(text)


def test_a_file_cut_short_or_continued_is_refused() -> None:
    good = fingerprint().to_bytes()
    for data in (b"", good[:5], good[:40], good[:-1], good + b"\0", good[: len(good) // 2]):
        with pytest.raises(BadInput):
            Fingerprint.from_bytes(data)


def test_a_file_of_a_later_format_says_so() -> None:
    with pytest.raises(BadInput, match="format 2"):
        Fingerprint.from_bytes(sealed(HEADER, BODY, version=2))


def test_a_hand_written_file_is_read() -> None:
    assert Fingerprint.from_bytes(sealed(HEADER, BODY)).rows.tolist() == [[7]]


@pytest.mark.parametrize(
    "changed",
    [
        {"rows": 2**60},
        {"rows": -1},
        {"rows": 1.5},
        {"rows": True},
        {"rows": "1"},
        {"rows": 0},
        {"dim": 2**40},
        {"dim": 0},
        {"dim": 7},
        {"dim": None},
        {"metric": "euclid"},
        {"metric": 1},
        {"descriptor": 3},
        {"weights_digest": 5},
        {"duration_s": "long"},
        {"duration_s": True},
        {"duration_s": -1},
        {"more": 1},
    ],
    ids=str,
)
def test_a_header_that_cannot_be_true_is_refused_before_anything_is_allocated(changed: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Fingerprint.from_bytes(sealed(HEADER | changed, BODY))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 3000,
        canonical(HEADER).replace(b",", b", "),
        canonical(HEADER).replace(b"1.5", b"NaN"),
        canonical(HEADER).replace(b"1.5", b"1e999"),
        canonical(HEADER | {"descriptor": "x" * 5000}),
    ],
    ids=range(9),
)
def test_a_header_that_is_not_canonical_json_is_refused(text: bytes) -> None:
    with pytest.raises(BadInput):
        Fingerprint.from_bytes(sealed(text, BODY))


@pytest.mark.parametrize(
    "changed",
    [
        {"times_s": np.array([0.0, 2.0, 1.0])},
        {"times_s": np.array([0.0, np.nan, 1.0])},
        {"times_s": np.array([-1.0, 0.0, 1.0])},
        {"times_s": np.array([0, 1, 2])},
        {"times_s": np.array([0.0, 1.0])},
        {"quality": np.array([0, 0.5, 1.1], np.float32)},
        {"quality": np.array([0, np.nan, 1], np.float32)},
        {"quality": np.ones(3)},
        {"rows": np.full((3, 16), np.nan, np.float32)},
        {"rows": np.full((3, 16), 1e30, np.float32)},
        {"rows": np.zeros((3, 16), np.float32)},
        {"rows": np.zeros((3, 16), np.uint8)},
        {"rows": np.ones((3, 15), np.float32)},
        {"duration_s": float("inf")},
        {"duration_s": -0.5},
        {"dim": 0},
    ],
    ids=range(16),
)
def test_what_is_not_a_fingerprint_cannot_be_made(changed: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        fingerprint(**changed)


def test_rows_of_a_fingerprint_cannot_be_changed_and_the_callers_still_can() -> None:
    times_s = np.arange(3.0)
    made = fingerprint(times_s=times_s)
    with pytest.raises(ValueError, match="read-only"):
        made.times_s[0] = 1
    times_s[0] = 0.5
