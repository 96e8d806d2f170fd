"""The shipped descriptor of figures: a square around one figure to 128 numbers, near for other drawings of it.

What it was made from, what it measured and what it can't do: weights/figure-1.md.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric, Rows
from tomeishi.fingerprint.image import load
from tomeishi.fingerprint.samples import checked, detail
from tomeishi.values import Box

WEIGHTS = "figure-1.onnx"
SIDE = 128
AROUND = 1.15
"""Side of the square against the longer side of a figure's box: as in training."""

SPEC = DescriptorSpec(
    name="figure",
    version=1,
    dim=128,
    metric=Metric.COSINE,
    threshold=0.3,
    source="EfficientNet-Lite0 (Google; Apache-2.0) trained further for figures: figure-1.md",
    weights_digest="sha256:3bca1ff4e7a48c0d48ddd43f23851dee87f91d93a0a75f5081c2e0bb504e1e7a",
)


class FigureDescriptor:
    """The `Descriptor` for figures; `threads` is how many cores one call may use."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads

    @property
    def spec(self) -> DescriptorSpec:
        return SPEC

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        """Rows of squares as `square` cuts them; another shape is squeezed into one. Quality as `samples.detail`.

        Raises Tampered if the weights file isn't the one this version was measured with.
        """
        pictures = checked(samples)
        values = np.zeros((len(pictures), SPEC.dim), np.float32)
        for i, picture in enumerate(pictures):
            small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            # One at a time: a row can't depend on its batch, not in the last bit.
            values[i] = _session(self._threads).run(["rows"], {"samples": small[np.newaxis]})[0][0]
        return Rows(values, np.array([detail(picture) for picture in pictures], np.float32))


def square(picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The square around `box` of a picture (h, w, 3), (SIDE, SIDE, 3); past the picture its edge is repeated."""
    height, width = picture.shape[:2]
    side = max(8, round(AROUND * max(box.width * width, box.height * height)))
    left = round((box.x + box.width / 2) * width - side / 2)
    top = round((box.y + box.height / 2) * height - side / 2)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    cut = cv2.copyMakeBorder(
        picture[y0:y1, x0:x1], y0 - top, top + side - y1, x0 - left, left + side - x1, cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


@cache
def _session(threads: int) -> Any:
    """Loaded on first use, once in a process."""
    return load(threads, WEIGHTS, SPEC)
