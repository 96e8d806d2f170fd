"""Pictures that stand still: a sample that shows what an earlier one showed need not be looked at again. Pure."""

import cv2
import numpy as np
from numpy.typing import NDArray

_FIELDS = (64, 36)
_SAME_LEVELS = 6
"""Of 255, by which the mean of any field may differ: what a coder does to a picture that does not move, while it
refines it. What moves changes some field by far more."""

Glance = NDArray[np.int16]
"""(36, 64, 3): mean colours of a picture's fields."""


def glance(picture: NDArray[np.uint8]) -> Glance:
    """Of a picture (height, width, 3) of any size."""
    return cv2.resize(picture, _FIELDS, interpolation=cv2.INTER_AREA).astype(np.int16)


def stands_still(one: Glance, other: Glance) -> bool:
    """Whether two pictures show the same to the eye, in every field."""
    return bool(np.abs(one - other).max() <= _SAME_LEVELS)
