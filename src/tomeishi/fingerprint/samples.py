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

    Luma is reduced to 64 x 64, and steps between neighbours are taken in whole percent of the full range, rounded
    towards zero, so that noise and slow fades count nothing. The first factor is PDQ's published quality: the sum of
    all steps over 9,000, at most 1. That alone gives a title card full marks, and title cards of different films
    resemble each other; so it is multiplied by the share of the 8 x 8 fields in which there is any step over 1 %.
    Title cards then lie under 0.45, cartoons and live action mostly between 0.5 and 1.
    """
    luma = cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY).astype(np.float32)
    small = cv2.resize(luma, (64, 64), interpolation=cv2.INTER_AREA) * (100 / 255)
    down, across = (np.abs(np.trunc(np.diff(small, axis=axis))) for axis in (0, 1))
    stepped = np.zeros((64, 64), bool)
    stepped[:-1] |= down > 1
    stepped[:, :-1] |= across > 1
    fields = stepped.reshape(8, 8, 8, 8).any(axis=(1, 3)).mean()
    return float(min(1.0, (down.sum() + across.sum()) / 9000) * fields)
