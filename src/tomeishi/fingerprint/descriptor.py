"""The descriptor seam: a rule from a sample to a row of numbers.

A descriptor is pure: same samples, same rows, whatever else is in the batch. `tomeishi.testing.descriptors`
is the conformance suite that every implementation runs.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Metric(StrEnum):
    """How two rows are compared; a distance is raw, smaller is nearer."""

    COSINE = "cosine"
    """Rows float32 (n, dim), unit length; distance 1 - inner product, in [0, 2]."""
    HAMMING = "hamming"
    """Rows uint8 (n, dim // 8), bits packed most significant first; distance in differing bits, [0, dim]."""
    LANDMARKS = "landmarks"
    """Rows uint8 (n, dim // 8), each a place on an axis; compared in groups with their times, never row by row."""


@dataclass(frozen=True, slots=True)
class DescriptorSpec:
    """What a reader of a fingerprint must know to compare it."""

    name: str
    version: int
    dim: int
    """Numbers per row; bits for `hamming`."""
    metric: Metric
    threshold: float
    """Distance up to which two frames count as the same, calibrated or by the publisher."""
    source: str
    """Where the rule comes from: paper, package, licence."""
    weights_digest: str | None
    """`sha256:...` of the weights file; None for a rule without weights."""

    @property
    def key(self) -> str:
        """`name-version`: names files and snapshots."""
        return f"{self.name}-{self.version}"

    @property
    def row_dtype(self) -> np.dtype[np.float32] | np.dtype[np.uint8]:
        return np.dtype(np.float32) if self.metric is Metric.COSINE else np.dtype(np.uint8)

    @property
    def row_width(self) -> int:
        """Columns of a stored row."""
        return self.dim if self.metric is Metric.COSINE else self.dim // 8


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one batch. `values` (n, row_width); `quality` float32 (n,) in [0, 1], 0 for a blank frame."""

    values: NDArray[np.float32] | NDArray[np.uint8]
    quality: NDArray[np.float32]


class Descriptor(Protocol):
    """A rule from samples to rows."""

    @property
    def spec(self) -> DescriptorSpec: ...

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        """Rows for samples (n, height, width, 3), RGB, at least 8 x 8 pixels; n may be 0."""
        ...
