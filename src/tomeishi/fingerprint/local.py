"""Local features of one picture: what geometric verification compares, 22 bytes each.

SIFT (Lowe 2004; OpenCV) finds places that hold through scaling, turning and cropping and describes their
surroundings by 128 gradient sums. Of each only one bit is kept: whether it lies above the median of its feature
(Peker 2011). Bits verify as well as whole numbers do, at an eighth of the size (docs/decisions/0015). A mirrored
picture has the same features with its bits in another order, so that mirroring costs no second look. Pure.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BITS = 128
MOST = 250
"""Features of a reference's picture; a query's, which may show it small, has twice as many."""
SIDE = 384
"""Longer side in pixels at which features are looked for: smaller pictures are taken as they are."""
_FAINTEST = 0.02
"""SIFT's contrast threshold: half of the usual one, since overlays and veils halve contrast."""

MIRRORED: NDArray[np.intp] = np.arange(BITS).reshape(4, 4, 8)[::-1][..., -np.arange(8) % 8].reshape(-1)
"""Where each number of a feature comes from in the mirrored picture: rows of fields swap, directions turn back."""


@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """The features of one picture, strongest first."""

    points: NDArray[np.float32]
    """(n, 4): x, y and size in shares of the picture's longer side, and direction in radians."""
    bits: NDArray[np.uint8]
    """(n, 16), packed, most significant first."""
    width: float
    height: float
    """Of the picture, in shares of its longer side: one of them is 1."""
    colours: NDArray[np.uint8]
    """(8, 8, 3), its colour layout: mean RGB of 64 equal parts, as MPEG-7's descriptor of that name takes them."""

    def __len__(self) -> int:
        return len(self.points)


def colour_layout(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mean RGB (8, 8, 3) of 64 equal parts of a picture."""
    return np.asarray(cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA), np.uint8)


def local_features(picture: NDArray[np.uint8], at_most: int = MOST) -> Local:
    """Of a picture (height, width, 3) in RGB; a plain one has none."""
    height, width = picture.shape[:2]
    longer = max(height, width)
    colours = colour_layout(picture)
    if longer > SIDE:
        size = (max(1, round(width * SIDE / longer)), max(1, round(height * SIDE / longer)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    finder = cv2.SIFT_create(nfeatures=at_most, contrastThreshold=_FAINTEST)  # type: ignore[attr-defined]  # not in its stub
    found, values = finder.detectAndCompute(grey, None)
    side = float(max(grey.shape))
    order = sorted(range(len(found)), key=lambda n: -found[n].response)[:at_most]
    points = np.array(
        [(*found[n].pt, found[n].size, np.deg2rad(found[n].angle) * side) for n in order], np.float32
    ).reshape(-1, 4) / np.float32(side)
    rows = np.zeros((0, BITS), np.float32) if values is None else np.asarray(values, np.float32)[order]
    bits = (
        np.packbits(rows > np.median(rows, axis=1, keepdims=True), axis=1) if len(rows) else np.zeros((0, 16), np.uint8)
    )
    return Local(points, bits, width / longer, height / longer, colours)
