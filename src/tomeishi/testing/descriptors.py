"""Conformance suite of the descriptor seam: what every Descriptor must do, whoever wrote it.

An extension's tests run each check for each of its descriptors:

    @pytest.mark.parametrize("check", descriptors.CHECKS)
    def test_my_descriptor_keeps_the_contract(check):
        check(DescriptorCase(MyDescriptor()))

Pictures are drawn by `testing.films`; distances are computed here anew, by the definition of the metric.
"""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from functools import cache
from io import BytesIO
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tomeishi.errors import BadInput
from tomeishi.fingerprint.descriptor import Descriptor, Metric, Rows
from tomeishi.testing.films import film, frames

PICTURES = 6
BLANK_QUALITY = 0.02
"""Most that a blank frame's quality may be; no drawn picture may have less."""


@dataclass(frozen=True, slots=True)
class DescriptorCase:
    """One descriptor and what it promises."""

    descriptor: Descriptor
    rounding: float = 0.0
    """Distance by which a row may change with its batch; 0 promises the same bits."""


Check = Callable[[DescriptorCase], None]


@cache
def drawn_pictures() -> NDArray[np.uint8]:
    """Six pictures of six films, (6, 180, 320, 3); read-only, as whoever is handed samples must leave them."""
    pictures = np.stack([next(frames(film(seed, 1.0), 1.0, 320, 180)) for seed in range(31, 31 + PICTURES)])
    pictures.flags.writeable = False
    return pictures


def distances(metric: Metric, first: Rows, second: Rows) -> NDArray[np.float64]:
    """(n, m), raw."""
    if metric is Metric.HAMMING:
        bits, others = (np.unpackbits(rows.values.astype(np.uint8), axis=1) for rows in (first, second))
        return np.array([(row != others).sum(axis=1) for row in bits], np.float64)
    return 1 - first.values.astype(np.float64) @ second.values.astype(np.float64).T


def spec_is_plain_frozen_data(case: DescriptorCase) -> None:
    spec = case.descriptor.spec
    assert spec == case.descriptor.spec, "the spec changes from one reading to the next"
    assert spec.name == spec.name.lower().strip() != "", "the name is part of file names: lower case, not empty"
    assert spec.name.replace("_", "").isalnum(), "the name is part of file names: letters, digits, underscores"
    assert spec.version >= 1
    assert spec.dim >= 1
    assert spec.metric is Metric.COSINE or spec.dim % 8 == 0, "bits are packed into whole bytes"
    assert isfinite(spec.threshold), "the threshold is a distance"
    assert 0 < spec.threshold < (2 if spec.metric is Metric.COSINE else spec.dim), "the threshold is a distance"
    assert spec.source, "a reader must be able to find out where the rule comes from"
    if spec.weights_digest is not None:
        algorithm, _, digits = spec.weights_digest.partition(":")
        assert algorithm == "sha256"
        assert len(bytes.fromhex(digits)) == 32
    try:
        spec.threshold = 0.0  # type: ignore[misc]
    except FrozenInstanceError:
        return
    raise AssertionError("the spec can be changed")


def rows_are_as_the_spec_says(case: DescriptorCase) -> None:
    spec, rows = case.descriptor.spec, case.descriptor.describe(drawn_pictures())
    assert rows.values.shape == (PICTURES, spec.row_width)
    assert rows.values.dtype == spec.row_dtype
    assert rows.quality.shape == (PICTURES,)
    assert rows.quality.dtype == np.float32
    assert ((rows.quality >= 0) & (rows.quality <= 1)).all()
    if spec.metric is Metric.COSINE:
        assert np.abs(np.linalg.norm(rows.values.astype(np.float64), axis=1) - 1).max() < 1e-4, "not of unit length"


def no_samples_give_no_rows(case: DescriptorCase) -> None:
    spec, rows = case.descriptor.spec, case.descriptor.describe(drawn_pictures()[:0])
    assert rows.values.shape == (0, spec.row_width)
    assert rows.values.dtype == spec.row_dtype
    assert rows.quality.shape == (0,)
    assert rows.quality.dtype == np.float32


def same_samples_give_same_rows(case: DescriptorCase) -> None:
    first, second = (case.descriptor.describe(drawn_pictures()) for _ in range(2))
    assert first.values.tobytes() == second.values.tobytes()
    assert first.quality.tobytes() == second.quality.tobytes()


def rows_do_not_depend_on_their_batch(case: DescriptorCase) -> None:
    pictures, metric = drawn_pictures(), case.descriptor.spec.metric
    together = case.descriptor.describe(pictures)
    reversed_rows = case.descriptor.describe(pictures[::-1])
    for i in range(PICTURES):
        alone = case.descriptor.describe(pictures[i : i + 1])
        for rows, at in ((together, i), (reversed_rows, PICTURES - 1 - i)):
            there = Rows(rows.values[at : at + 1], rows.quality[at : at + 1])
            if case.rounding == 0:
                assert there.values.tobytes() == alone.values.tobytes(), f"picture {i} depends on its batch"
            assert distances(metric, there, alone)[0, 0] <= case.rounding + 1e-6, f"picture {i} depends on its batch"
            assert there.quality[0] == alone.quality[0]


def samples_are_left_as_they_were(case: DescriptorCase) -> None:
    pictures = drawn_pictures().copy()
    case.descriptor.describe(pictures)
    assert (pictures == drawn_pictures()).all()


def layout_in_memory_does_not_matter(case: DescriptorCase) -> None:
    pictures = drawn_pictures()
    wider = np.zeros((*pictures.shape[:2], pictures.shape[2] * 2, 4), np.uint8)
    wider[:, :, ::2, :3] = pictures
    rows = case.descriptor.describe(wider[:, :, ::2, :3])
    assert rows.values.tobytes() == case.descriptor.describe(pictures).values.tobytes()


def a_blank_frame_has_no_quality(case: DescriptorCase) -> None:
    colours = ((0, 0, 0), (255, 255, 255), (16, 16, 16), (200, 30, 60))
    blank = np.stack([np.full((90, 160, 3), colour, np.uint8) for colour in colours])
    grain = np.random.default_rng(0).integers(-2, 3, blank.shape)
    nearly = np.clip(blank.astype(np.int64) + grain, 0, 255).astype(np.uint8)
    for samples in (blank, nearly):
        rows = case.descriptor.describe(samples)
        assert rows.quality.max() <= BLANK_QUALITY, f"blank frames have quality {rows.quality}"
        if case.descriptor.spec.metric is Metric.COSINE:
            assert np.isfinite(rows.values).all()
    assert case.descriptor.describe(drawn_pictures()).quality.min() > BLANK_QUALITY, "a picture is taken for blank"


def a_reencoded_noisy_copy_is_near(case: DescriptorCase) -> None:
    spec, random = case.descriptor.spec, np.random.default_rng(1)
    copies = []
    for picture in drawn_pictures():
        noisy = np.clip(picture + random.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
        with BytesIO() as coded:
            Image.fromarray(noisy).save(coded, "JPEG", quality=60)
            copies.append(np.asarray(Image.open(coded).convert("RGB")))
    originals, copied = case.descriptor.describe(drawn_pictures()), case.descriptor.describe(np.stack(copies))
    near = np.diag(distances(spec.metric, copied, originals))
    assert near.max() <= spec.threshold, f"copies lie {near} away, past {spec.threshold}"


def unrelated_pictures_are_far(case: DescriptorCase) -> None:
    spec, rows = case.descriptor.spec, case.descriptor.describe(drawn_pictures())
    apart = distances(spec.metric, rows, rows)[~np.eye(PICTURES, dtype=bool)]
    assert apart.min() > spec.threshold, f"unrelated pictures lie {apart.min()} apart, within {spec.threshold}"


def any_size_is_described(case: DescriptorCase) -> None:
    random = np.random.default_rng(2)
    for height, width in ((8, 8), (9, 500), (500, 9), (8, 640), (61, 67)):
        rows = case.descriptor.describe(random.integers(0, 256, (2, height, width, 3), np.uint8))
        assert rows.values.shape == (2, case.descriptor.spec.row_width)
        if case.descriptor.spec.metric is Metric.COSINE:
            assert np.isfinite(rows.values).all(), f"{width} x {height}"


def what_is_not_a_sample_is_refused(case: DescriptorCase) -> None:
    wrong: tuple[NDArray[np.generic], ...] = (
        np.zeros((1, 32, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.uint8),
        np.zeros((1, 32, 32), np.uint8),
        np.zeros((1, 32, 32, 4), np.uint8),
        np.zeros((1, 3, 32, 32), np.uint8),
        np.zeros((1, 7, 32, 3), np.uint8),
        np.zeros((1, 0, 32, 3), np.uint8),
    )
    for samples in wrong:
        try:
            case.descriptor.describe(samples)  # type: ignore[arg-type]
        except BadInput:
            continue
        raise AssertionError(f"{samples.dtype} {samples.shape} was described")


CHECKS: tuple[Check, ...] = (
    spec_is_plain_frozen_data,
    rows_are_as_the_spec_says,
    no_samples_give_no_rows,
    same_samples_give_same_rows,
    rows_do_not_depend_on_their_batch,
    samples_are_left_as_they_were,
    layout_in_memory_does_not_matter,
    a_blank_frame_has_no_quality,
    a_reencoded_noisy_copy_is_near,
    unrelated_pictures_are_far,
    any_size_is_described,
    what_is_not_a_sample_is_refused,
)
