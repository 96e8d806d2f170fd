"""Views: parts of a picture as pictures of their own."""

import numpy as np
import pytest

from tomeishi.fingerprint.pdq import Pdq
from tomeishi.fingerprint.views import PARTS, QUARTERS, View


def _picture(seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((height // 6, width // 8, 1), dtype=np.uint8))


def test_a_view_describes_its_part_as_if_it_were_the_whole_picture() -> None:
    left, right = _picture(1), _picture(2)
    beside = np.concatenate([left, right], axis=1)[np.newaxis]
    seen = View(Pdq(), (0.5, 0.0, 1.0, 1.0)).describe(beside)
    assert np.array_equal(seen.values, Pdq().describe(right[np.newaxis]).values)


def test_a_view_has_the_spec_of_its_descriptor() -> None:
    assert View(Pdq(), PARTS[0]).spec == Pdq().spec


@pytest.mark.parametrize("box", PARTS)
def test_even_the_smallest_picture_has_parts(box: tuple[float, float, float, float]) -> None:
    rows = View(Pdq(), box).describe(np.zeros((3, 8, 8, 3), dtype=np.uint8))
    assert rows.values.shape == (3, 32)


def test_the_parts_lie_inside_the_picture_and_are_not_the_whole() -> None:
    for left, top, right, bottom in PARTS:
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert (right - left) * (bottom - top) < 1


@pytest.mark.parametrize("quarters", QUARTERS)
def test_a_turned_view_describes_the_turned_picture(quarters: int) -> None:
    picture = _picture(4)
    turned = np.ascontiguousarray(np.rot90(picture, -quarters))
    seen = View(Pdq(), quarters=quarters).describe(turned[np.newaxis])
    assert np.array_equal(seen.values, Pdq().describe(picture[np.newaxis]).values)
