"""Undoing an edit: the part of a query's picture that shows a reference, cut out and laid as the reference has it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.matching.verify import Map, Verified
from tomeishi.values import Outline

_LONGER_SIDE = 320
"""Pixels of what is cut out: more than any descriptor of a frame takes."""
_NEARLY_ALL = 0.8
"""Share of the query's picture from which there is nothing to cut out."""
_UPRIGHT_DEG = 20.0


def needs_undoing(found: Verified) -> bool:
    """Mirroring, cropping and small turns cost a descriptor little; a small or turned picture costs it everything."""
    return _area(found.query_region) < _NEARLY_ALL or abs(found.turned) > _UPRIGHT_DEG


def undone(picture: NDArray[np.uint8], found: Map, seen: Outline, width: float, height: float) -> NDArray[np.uint8]:
    """Of a query's picture, what lies where the reference's region `seen` is shown.

    `found` maps the reference's picture, `width` by `height` in shares of its longer side, to the query's.
    """
    corners = np.array(seen) * (width, height)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    scale = _LONGER_SIDE / max(right - left, bottom - top)
    size = (max(16, round((right - left) * scale)), max(16, round((bottom - top) * scale)))
    onto_reference = np.array([[1 / scale, 0, left], [0, 1 / scale, top], [0, 0, 1]])
    onto_query = np.diag([max(picture.shape[:2]), max(picture.shape[:2]), 1.0]) @ found @ onto_reference
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(picture, onto_query, size, flags=flags), np.uint8)


def _area(outline: Outline) -> float:
    return float(cv2.contourArea(np.array(outline, np.float32)))
