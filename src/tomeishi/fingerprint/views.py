"""Views of a picture as pictures of their own: a film stacked beside another, shown small inside one, or turned.

Boxes are shares of width and height. Undoing edits on the query's side is what won VSC2022 (Meta's video similarity
challenge, CVPR 2023).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import Descriptor, DescriptorSpec, Rows

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in [0, 1]."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
MIDDLE: Box = (0.2, 0.2, 0.8, 0.8)
PARTS: tuple[Box, ...] = (
    (0.0, 0.0, 0.5, 1.0),
    (0.5, 0.0, 1.0, 1.0),
    (0.0, 0.0, 1.0, 0.5),
    (0.0, 0.5, 1.0, 1.0),
    MIDDLE,
    (0.0, 0.0, 0.5, 0.5),
    (0.5, 0.0, 1.0, 0.5),
    (0.0, 0.5, 0.5, 1.0),
    (0.5, 0.5, 1.0, 1.0),
)
"""Halves of a stack, the middle, and the corners where a picture in picture sits."""
QUARTERS = (1, 3)
"""Turns by 90 degrees to the left and to the right."""

_SMALLEST = 8
"""Pixels a side that a descriptor takes."""


@dataclass(frozen=True, slots=True)
class View:
    """`descriptor`, of one part of each sample, turned to the left by `quarters` right angles."""

    descriptor: Descriptor
    box: Box = WHOLE
    quarters: int = 0

    @property
    def spec(self) -> DescriptorSpec:
        return self.descriptor.spec

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        height, width = samples.shape[1:3]
        left, top, right, bottom = self.box
        x, y = min(int(left * width), width - _SMALLEST), min(int(top * height), height - _SMALLEST)
        across, down = max(_SMALLEST, int((right - left) * width)), max(_SMALLEST, int((bottom - top) * height))
        cut = samples[:, y : y + down, x : x + across]
        return self.descriptor.describe(np.ascontiguousarray(np.rot90(cut, self.quarters, axes=(1, 2))))
