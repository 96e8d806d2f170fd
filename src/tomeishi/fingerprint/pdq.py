"""PDQ: 256 bits from the signs of a frame's low frequencies, as platforms and hotlines exchange them.

Rule: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", Meta, 2019; computed by the
`pdqhash` package, a binding of Meta's reference code. Taken of untouched frames, so that the same picture gives the
same bits everywhere. It holds through re-encoding, and not through crops, borders or mirroring.
"""

import numpy as np
import pdqhash
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric, Rows
from tomeishi.fingerprint.samples import checked

SPEC = DescriptorSpec(
    name="pdq",
    version=1,
    dim=256,
    metric=Metric.HAMMING,
    threshold=31.0,
    source="PDQ (Meta, 2019) by pdqhash, BSD-3-Clause; threshold 31 of 256 bits as its publisher sets it",
    weights_digest=None,
)


class Pdq:
    """The `Descriptor` of PDQ. A row's hex digits, `row.tobytes().hex()`, are the 64 that other PDQ tools print."""

    @property
    def spec(self) -> DescriptorSpec:
        return SPEC

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        """Quality is the published one divided by 100: 0 for blank, 1 for any frame with ample edges."""
        samples = checked(samples)
        values = np.zeros((len(samples), SPEC.row_width), np.uint8)
        quality = np.zeros(len(samples), np.float32)
        for i, sample in enumerate(samples):
            bits, published = pdqhash.compute(sample)
            values[i] = np.packbits(bits.astype(bool))
            quality[i] = np.float32(min(100, max(0, published)) / 100)
        return Rows(values, quality)
