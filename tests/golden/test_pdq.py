"""PDQ against its paper: an oracle that follows the text alone, and a vector that its publisher printed.

The publisher's photographs are not shipped here. `Pdq` was seen to give their published bits too: misc-images/wee.jpg
6227401f601ff4ccafcc9fad4b0d95d371a2eb7265a3285234d228ca94deeb2d, and misc-images/b.jpg, as threatexchange's manual
prints it, f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.pdq import Pdq
from tomeishi.testing.films import film, frames


def window(length: int) -> int:
    """Width of the box filter that prepares `length` samples for 64."""
    return -(-length // 128)


def boxed(lines: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Means along axis 1 over `width` neighbours; the window is cut, not padded, at the ends."""
    ahead = (width + 2) // 2
    sums = np.concatenate([np.zeros((len(lines), 1)), lines.cumsum(axis=1)], axis=1)
    at = np.arange(lines.shape[1])
    low, high = np.maximum(at + ahead - width, 0), np.minimum(at + ahead, lines.shape[1])
    means: NDArray[np.float64] = (sums[:, high] - sums[:, low]) / (high - low)
    return means


def oracle(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The 256 bits, most significant first: luma, two box passes each way, 64 x 64, DCT, signs against the median."""
    luma = picture.astype(np.float64) @ (0.299, 0.587, 0.114)
    for _ in range(2):
        luma = boxed(boxed(luma, window(luma.shape[1])).T, window(luma.shape[0])).T
    rows, columns = (((np.arange(64) + 0.5) * side / 64).astype(int) for side in luma.shape)
    small = luma[np.ix_(rows, columns)]
    basis = np.cos(np.pi / 128 * np.outer(np.arange(1, 17), 2 * np.arange(64) + 1))
    frequencies = basis @ small @ basis.T
    bits: NDArray[np.bool_] = (frequencies > np.sort(frequencies, axis=None)[127]).ravel()[::-1]
    return bits


def noise(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Soft stains: all of its energy lies in low frequencies, as a photograph's does."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:1:height * 1j, 0:1:width * 1j]
    picture = np.full((height, width, 3), 128.0)
    for across, down, phase in random.uniform(-40, 40, (12, 3)):
        picture += random.normal(0, 60, 3) * np.cos(across * x + down * y + phase)[..., np.newaxis]
    pixels: NDArray[np.uint8] = np.clip(picture, 0, 255).astype(np.uint8)
    return pixels


@pytest.mark.parametrize(("height", "width"), [(64, 64), (200, 320), (288, 512), (129, 127), (600, 260)])
def test_pdq_agrees_with_its_paper_within_a_few_bits(height: int, width: int) -> None:
    pictures = [noise(height, width, seed) for seed in range(2)]
    rows = Pdq().describe(np.stack(pictures)).values
    for picture, row in zip(pictures, rows, strict=True):
        assert (np.unpackbits(row).astype(bool) != oracle(picture)).sum() <= 4


def test_pdq_of_a_drawn_frame_agrees_with_its_paper() -> None:
    picture = next(frames(film(3, 1.0), 1.0, 512, 288))
    row = Pdq().describe(picture[np.newaxis]).values[0]
    assert (np.unpackbits(row).astype(bool) != oracle(picture)).sum() <= 4


def test_pdq_gives_the_bits_published_for_the_smallest_vector() -> None:
    """misc-images/small.jpg decodes to black but for a corner of brightness 1 and 2: it can be written down."""
    picture = np.zeros((399, 224, 3), np.uint8)
    picture[:8, :13] = picture[:13, :8] = 1
    picture[:8, :10] = picture[:11, :8] = 2
    rows = Pdq().describe(picture[np.newaxis])
    assert rows.values[0].tobytes().hex() == "0007001f003f003f007f00ff00ff00ff01ff01ff01ff03ff03ff03ff03ff03ff"
    assert rows.quality[0] == 0


def test_the_published_threshold_is_kept() -> None:
    assert Pdq().spec.threshold == 31
