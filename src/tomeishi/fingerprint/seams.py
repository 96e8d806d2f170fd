"""Straight edges that stay where they are while the picture moves: where a film was put together out of several.

The edge of a stack, or of a small film inside another, is upright or level, runs over a good part of the picture and
keeps its place; edges of what is filmed seldom do all three. It is a cheap test for which parts of a picture are worth
a look of their own, no proof: a building behind a locked camera has such edges, too. Pure.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.views import Box

_STEP = 12.0
"""Levels of 255 between two pixels that lie two apart: an edge, through a coder's blur."""
_MEMORY = 0.7
"""How much of what was seen stays with each further sample: about three of them count."""
_STAYS = 0.6
_LONG = 0.45
"""Share of a part's side over which its edge is seen."""
_NEAR = 0.13
"""How far from where a part is cut its edge may lie, in shares of the side."""


class Seams:
    """Is shown a film's samples one after the other."""

    def __init__(self) -> None:
        self._upright: NDArray[np.float32] | None = None
        self._level: NDArray[np.float32] | None = None

    def see(self, picture: NDArray[np.uint8]) -> None:
        """The next sample (height, width, 3)."""
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        upright = (cv2.absdiff(grey[:, 2:], grey[:, :-2]) > _STEP).astype(np.float32)
        level = (cv2.absdiff(grey[2:], grey[:-2]) > _STEP).astype(np.float32)
        if self._upright is None or self._level is None or self._upright.shape != upright.shape:
            self._upright, self._level = upright, level
            return
        self._upright += (1 - _MEMORY) * (upright - self._upright)
        self._level += (1 - _MEMORY) * (level - self._level)

    def bounds(self, box: Box) -> bool:
        """Whether the part of the picture in `box` is seen to be cut off from the rest."""
        if self._upright is None or self._level is None:
            return False
        left, top, right, bottom = box
        inner = [
            _seen(self._upright.T, x, (top, bottom)) for x in (left, right) if 0 < x < 1
        ] + [_seen(self._level, y, (left, right)) for y in (top, bottom) if 0 < y < 1]  # fmt: skip
        return all(inner)


def _seen(edges: NDArray[np.float32], at: float, along: tuple[float, float]) -> bool:
    """Whether a line of `edges` (lines, places along them) near `at` stays over a good part of `along`."""
    lines, places = edges.shape
    first, last = int((at - _NEAR) * lines), int((at + _NEAR) * lines) + 1
    start, end = int(along[0] * places), max(int(along[0] * places) + 1, int(along[1] * places))
    shares = (edges[max(0, first) : last, start:end] > _STAYS).mean(axis=1)
    return bool(len(shares) and shares.max() >= _LONG)
