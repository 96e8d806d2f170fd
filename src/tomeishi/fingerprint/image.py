"""The shipped image descriptor: EfficientNet-Lite0, trained on edited copies, 256 whitened numbers, by onnxruntime.

Borders are removed first and the rest is squeezed into a square, so that letterboxes, pillarboxes and other aspect
ratios cost nothing. What it was made from, what it measured and what it can't do: weights/image-2.md.
"""

from functools import cache
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import Tampered
from tomeishi.fingerprint.borders import unborder
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric, Rows
from tomeishi.fingerprint.samples import checked, detail
from tomeishi.values import digest_of

WEIGHTS = "image-2.onnx"
SIDE = 128

SPEC = DescriptorSpec(
    name="image",
    version=2,
    dim=256,
    metric=Metric.COSINE,
    threshold=0.5,
    source="EfficientNet-Lite0 (Google; Apache-2.0), trained further by the SSCD recipe: image-2.md",
    weights_digest="sha256:c9cc372b38379eff205d7fb27ea250ac35409f1343ad9c64a57e23ee663cbba6",
)


class ImageDescriptor:
    """The `Descriptor` for copies and edits of pictures; `threads` is how many cores one call may use."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads

    @property
    def spec(self) -> DescriptorSpec:
        return SPEC

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        """Quality is that of the picture inside its borders (`samples.detail`); a blank frame has 0, and some row.

        Raises Tampered if the weights file isn't the one this version was measured with.
        """
        pictures = unborder(checked(samples))
        session = _session(self._threads)
        values = np.zeros((len(pictures), SPEC.dim), np.float32)
        for i, picture in enumerate(pictures):
            square = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            # One at a time: the same speed on one core, and a row can't depend on its batch, not in the last bit.
            values[i] = session.run(["rows"], {"samples": square[np.newaxis]})[0][0]
        return Rows(values, np.array([detail(picture) for picture in pictures], np.float32))


@cache
def _session(threads: int) -> Any:
    """Loaded on first use, once in a process."""
    return load(threads)


def load(threads: int, file: str = WEIGHTS, spec: DescriptorSpec = SPEC) -> Any:
    """A fresh onnxruntime session over shipped weights; raises Tampered if they are not the ones measured."""
    import onnxruntime  # 0.1 s that a process without pictures need not spend

    weights = resources.files("tomeishi.fingerprint").joinpath("weights", file).read_bytes()
    if digest_of(weights) != spec.weights_digest:
        raise Tampered(f"{file} is not the weights file of {spec.key}; reinstall tomeishi")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
