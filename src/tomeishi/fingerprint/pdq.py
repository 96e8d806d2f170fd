"""PDQ: 256 bits from the signs of a frame's low frequencies, as platforms and hotlines exchange them.

Rule: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", Meta, 2019. Bits are exchanged, so
they must be those of Meta's reference code, also where a frame has no detail in one direction and a bit hangs on
rounding alone. Hence the convention here: single precision, and every sum in the reference's order, never by
`cumsum`, `matmul` or a box filter of a library, which add up in orders of their own. What is vectorised is all that
lies across that order: the other axis and the frames of a batch.

Taken of untouched frames, so that the same picture gives the same bits everywhere. It holds through re-encoding, and
not through crops, borders or mirroring.
"""

from math import cos, pi, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric, Rows
from tomeishi.fingerprint.samples import checked

SPEC = DescriptorSpec(
    name="pdq",
    version=1,
    dim=256,
    metric=Metric.HAMMING,
    threshold=31.0,
    source="PDQ (Meta, 2019; reference code BSD-3-Clause), computed anew; threshold 31 of 256 as its publisher sets it",
    weights_digest=None,
)

_SIDE = 64
"""Rows and columns of the reduced frame."""
_FREQUENCIES = 16
"""Kept on each axis: 1 to 16, without the constant one."""

_LUMA = np.array([[299, 587, 114]], np.float32)
"""Thousandths of red, green and blue."""
_PIXELS_AT_ONCE = 1 << 21
"""14 frames of 512 x 288, 8 MB as float32: with more, nothing is gained any longer."""


def _cosines() -> NDArray[np.float32]:
    """(16, 64), the discrete cosine transform; made in double precision and rounded once, as the reference's is."""
    scale = float(np.float32(sqrt(2 / _SIDE)))
    step = pi / 2 / _SIDE
    rows = [[scale * cos(step * (i + 1) * (2 * j + 1)) for j in range(_SIDE)] for i in range(_FREQUENCIES)]
    return np.array(rows, np.float32)


_COSINES = _cosines()


class Pdq:
    """The `Descriptor` of PDQ. A row's hex digits, `row.tobytes().hex()`, are the 64 that other PDQ tools print."""

    @property
    def spec(self) -> DescriptorSpec:
        return SPEC

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        """Quality is the published one divided by 100: 0 for blank, 1 for any frame with ample edges."""
        samples = checked(samples)
        count, height, width = samples.shape[:3]
        values = np.zeros((count, SPEC.row_width), np.uint8)
        quality = np.zeros(count, np.float32)
        step = max(1, _PIXELS_AT_ONCE // (height * width))
        for start in range(0, count, step):
            some = slice(start, start + step)
            small = _reduced(samples[some])
            values[some] = _bits(_frequencies(small))
            quality[some] = _published_quality(small) / np.float32(100)
        return Rows(values, quality)


def _luma(samples: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n * height, width) of samples (n, height, width, 3), in [0, 255].

    The weights have three decimals, so thousandths are whole numbers that float32 holds exactly, whatever the order
    of adding; the division then rounds once, and gives the value that double precision rounded to single gives.
    """
    count, height, width = samples.shape[:3]
    pixels = samples.reshape(count * height, width, 3).astype(np.float32)
    thousandths = np.asarray(cv2.transform(pixels, _LUMA), np.float32).reshape(count * height, width)
    thousandths /= np.float32(1000)
    return thousandths


def _reduced(samples: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma as (64 rows, 64 columns, n) of samples (n, height, width, 3): a tent filter, then the nearest pixels.

    Each of its two passes is a box along rows, then one along columns. A box runs over the first axis, so the array
    is turned before each: from (n, rows, columns) to (columns, n, rows), to (rows, columns, n), back, and forth.
    """
    count, height, width = samples.shape[:3]
    light = _luma(samples)
    if height == width == _SIDE:
        return np.ascontiguousarray(light.reshape(count, _SIDE, _SIDE).transpose(1, 2, 0))
    light = _boxed(_turned(light), np.arange(width))
    light = _boxed(_turned(light.reshape(-1, height)), np.arange(height))
    light = _boxed(_turned(light).reshape(width, -1), _centres(width))
    light = _boxed(_turned(light.reshape(-1, height)), _centres(height))
    return light.reshape(_SIDE, _SIDE, count)


def _turned(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """The transpose, with its elements moved: OpenCV does it in blocks, NumPy one by one."""
    return np.asarray(cv2.transpose(light), np.float32)


def _centres(length: int) -> NDArray[np.intp]:
    """Positions of the pixels in which the centres of 64 equal parts of `length` pixels fall."""
    return np.array([int((part + 0.5) * length / _SIDE) for part in range(_SIDE)], np.intp)


def _boxed(lines: NDArray[np.float32], kept: NDArray[np.intp]) -> NDArray[np.float32]:
    """Means over windows along the first axis at the positions `kept`, ascending: (len(kept), others).

    A window is a 128th of the length, rounded up; of an even one the smaller half lies before its pixel. At the ends
    it is cut, not padded. The sum runs along: one value joins, one leaves.
    """
    length = len(lines)
    window = -(-length // (2 * _SIDE))
    ahead = window // 2
    means = np.empty((len(kept), lines.shape[1]), np.float32)
    total = np.zeros(lines.shape[1], np.float32)
    for joining in lines[:ahead]:
        total += joining
    members, done = ahead, 0
    ripe = np.searchsorted(kept, np.arange(length), side="right").tolist()
    for position in range(length):
        if position + ahead < length:
            total += lines[position + ahead]
            members += 1
        if position + ahead >= window:
            total -= lines[position + ahead - window]
            members -= 1
        if done < ripe[position]:
            np.divide(total, np.float32(members), out=means[done : ripe[position]])
            done = ripe[position]
    return means


def _frequencies(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """The (16, 16, n) lowest frequencies but the constant one, down and across, of (64, 64, n)."""
    count = small.shape[2]
    down = np.zeros((_FREQUENCIES, _SIDE, count), np.float32)
    for row in range(_SIDE):
        down += _COSINES[:, row, None, None] * small[row]
    across = np.zeros((_FREQUENCIES, _FREQUENCIES, count), np.float32)
    for column in range(_SIDE):
        across += _COSINES[:, column, None] * down[:, None, column]
    return across


def _bits(low: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rows (n, 32): which of (16, 16, n) frequencies exceed their lower median; the last is the most significant."""
    lines = low.reshape(_FREQUENCIES * _FREQUENCIES, -1)
    median = np.partition(lines, len(lines) // 2 - 1, axis=0)[len(lines) // 2 - 1]
    return np.packbits((lines > median)[::-1].T, axis=1)


def _published_quality(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,), 0 to 100: steps between neighbours of (64, 64, n), in whole percent of the range, summed; 90 give one."""
    total = np.zeros(small.shape[2], np.int64)
    for axis in (0, 1):
        steps = np.diff(small, axis=axis) * np.float32(100) / np.float32(255)
        total += np.abs(steps.astype(np.int32)).sum(axis=(0, 1))
    return np.minimum(total // 90, 100).astype(np.float32)
