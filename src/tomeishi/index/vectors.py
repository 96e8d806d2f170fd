"""The index seam: rows to nearest rows.

`tomeishi.testing.indexes` is the conformance suite that every implementation runs. Distances are raw, smaller is
nearer: 1 - inner product for cosine rows, differing bits for hamming rows (see fingerprint.descriptor.Metric).
"""

from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import Metric

RowBlock = NDArray[np.float32] | NDArray[np.uint8]


class VectorIndex(Protocol):
    """An immutable set of rows in a folder, opened memory-mapped."""

    @classmethod
    def build(cls, folder: Path, rows: RowBlock, metric: Metric, *, seed: int = 0, like: Self | None = None) -> Self:
        """Write the index of `rows` (n, row_width) into the empty `folder`; n may be 0, `rows` may be a memory map.

        What was learned of the rows of `like` may be used again. The same rows, seed and `like` give the same bytes.
        BadInput for rows that are not of the metric's kind.
        """
        ...

    @classmethod
    def open(cls, folder: Path) -> Self: ...

    @property
    def rows(self) -> int: ...

    @property
    def metric(self) -> Metric: ...

    def search(self, queries: RowBlock, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Distances and row numbers (q, k), nearest first, then lowest row number; row -1 and distance inf where fewer
        than k rows exist. BadInput for queries of another width or type, or not of unit length, and for k < 1."""
        ...

    def read(self, start: int, stop: int) -> RowBlock:
        """Stored rows [start, stop), as near to the originals as the index keeps them."""
        ...
