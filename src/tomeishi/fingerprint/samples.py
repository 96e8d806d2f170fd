"""What every descriptor asks of samples, and the quality that both shipped ones give."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput

SMALLEST_SIDE = 8
"""Pixels. Under it there is no picture to describe."""


def checked(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`samples` if they are uint8 (n, height, width, 3) of at least 8 x 8 pixels; raises BadInput if not."""
    if not isinstance(samples, np.ndarray) or samples.dtype != np.uint8:
        raise BadInput(f"samples must be a uint8 array, not {getattr(samples, 'dtype', type(samples).__name__)}")
    if samples.ndim != 4 or samples.shape[3] != 3:
        raise BadInput(f"samples must be (n, height, width, 3) in RGB, not {samples.shape}")
    if min(samples.shape[1:3]) < SMALLEST_SIDE:
        height, width = samples.shape[1:3]
        raise BadInput(f"samples must be at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels, not {width} x {height}")
    return samples


def detail(sample: NDArray[np.uint8]) -> float:
    """How much there is to see in one sample (height, width, 3), in [0, 1]; 0 for a blank one.

    PDQ's image-domain quality (the PDQ paper, section on quality), so that both descriptors share one scale: luma
    reduced to 64 x 64, steps between neighbours in whole percent of the full range, rounded towards zero so
    that noise and slow fades count nothing, their sum over 90, then over 100, at most 1.
    """
    luma = cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY).astype(np.float32)
    small = cv2.resize(luma, (64, 64), interpolation=cv2.INTER_AREA)
    steps = sum(int(np.abs(np.trunc(np.diff(small, axis=axis) * (100 / 255))).sum()) for axis in (0, 1))
    return min(100, steps // 90) / 100
