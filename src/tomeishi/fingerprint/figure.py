"""The shipped descriptor of figures: a square around one figure to 256 numbers, near for other drawings of it.

Half of a row tells of forms (`figure-2.onnx`), half of colours (`colours`, reduced to their 128 principal axes). They
are not one cosine: `alike` says how the two are weighed. What it was made from, what it measured and what it can't do:
weights/figure-2.md.
"""

import io
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import Tampered
from tomeishi.fingerprint.colours import DIM as LAYOUT
from tomeishi.fingerprint.colours import SHARE, colour_rows, fused
from tomeishi.fingerprint.descriptor import Descriptor, DescriptorSpec, Metric, Rows
from tomeishi.fingerprint.image import load
from tomeishi.fingerprint.samples import checked, detail
from tomeishi.values import Box, digest_of

WEIGHTS = "figure-2.onnx"
AXES = "figure-2-colours.npy"
AXES_DIGEST = "sha256:963cba703eaac2db0778027296b4995149954ae3e724317f0df6abc63a20d8a5"
SIDE = 128
AROUND = 1.15
"""Side of the square against the longer side of a figure's box: as in training."""
FORMS = 128
"""Numbers of a row of the shipped descriptor that tell of forms; an added model's are as many as it gives."""
COLOURS = 128
"""The last numbers of a row, which tell of colours. Either part has length 1 / sqrt(2)."""

SPEC = DescriptorSpec(
    name="figure",
    version=2,
    dim=FORMS + COLOURS,
    metric=Metric.COSINE,
    threshold=0.18,
    source="EfficientNet-Lite0 (Google; Apache-2.0) trained on copies, then on figures, and colour layout: figure-2.md",
    weights_digest="sha256:d24639ada0e032974442e42937d95465c9c72d2a2cc3c9df51368f7f8d3fca1b",
)


class FigureDescriptor:
    """The `Descriptor` for figures; `threads` is how many cores one call may use.

    `forms` is another descriptor of pictures, such as an added one (`loaded`), that tells of forms in the shipped one's
    place; what it is worth `benchmarks/characters.py` measures.
    """

    def __init__(self, threads: int = 1, forms: Descriptor | None = None) -> None:
        self._threads = threads
        self._forms = forms

    @property
    def spec(self) -> DescriptorSpec:
        if self._forms is None:
            return SPEC
        other = self._forms.spec
        dim, told = other.dim + COLOURS, f"{other.source}; and colour layout: figure-2.md"
        return replace(SPEC, name=f"figure_{other.name}", dim=dim, source=told, weights_digest=other.weights_digest)

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        """Rows of squares as `square` cuts them; another shape is squeezed into one. Quality as `samples.detail`.

        Raises Tampered if the weights aren't those that this version was measured with.
        """
        pictures = checked(samples)
        small = [cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for picture in pictures]
        squares = np.stack(small) if small else np.zeros((0, SIDE, SIDE, 3), np.uint8)
        values = np.zeros((len(squares), self.spec.dim), np.float32)
        for row, layout, picture in zip(values, colour_rows(squares), squares, strict=True):
            # One at a time: a row can't depend on its batch, not in the last bit.
            row[:-COLOURS] = self._form(picture[np.newaxis])
            colours = layout @ _axes()
            row[-COLOURS:] = colours / np.linalg.norm(colours)
        quality = np.array([detail(picture) for picture in pictures], np.float32)
        return Rows(values / np.float32(np.sqrt(2)), quality)

    def _form(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self._forms is not None:
            return np.asarray(self._forms.describe(picture).values[0], np.float32)
        return np.asarray(_session(self._threads).run(["rows"], {"samples": picture})[0][0], np.float32)


def alike(rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """How near rows (n, dim) are to others (m, dim): (n, m), at most 1; of unlike figures about 0. No probability.

    Forms count by their cosine, colours by a power of theirs (`colours.fused`); a row and itself have 1.
    """
    forms = 2 * (rows[:, :-COLOURS] @ others[:, :-COLOURS].T)
    colours = 2 * (rows[:, -COLOURS:] @ others[:, -COLOURS:].T)
    return np.asarray(fused(forms, colours) / (1 + SHARE), np.float32)


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


@cache
def _axes() -> NDArray[np.float32]:
    """(colour layout, 128): principal axes of colour rows, made by `training/colour_axes.py`."""
    data = resources.files("tomeishi.fingerprint").joinpath("weights", AXES).read_bytes()
    if digest_of(data) != AXES_DIGEST:
        raise Tampered(f"{AXES} is not the file that {SPEC.key} was measured with; reinstall tomeishi")
    axes: NDArray[np.float32] = np.load(io.BytesIO(data), allow_pickle=False).astype(np.float32)
    if axes.shape != (LAYOUT, COLOURS):
        raise Tampered(f"{AXES} has another shape than {SPEC.key} needs; reinstall tomeishi")
    return axes
