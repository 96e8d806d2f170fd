"""What PDQ owes to those who call it; that its bits are right, `tests/golden/test_pdq.py` says."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.pdq import Pdq


def noise(count: int, height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(11).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (9, 70), (288, 512)])
def test_a_row_is_the_same_alone_and_in_a_batch(height: int, width: int) -> None:
    samples = noise(17, height, width)
    together = Pdq().describe(samples)
    alone = [Pdq().describe(samples[k : k + 1]) for k in range(len(samples))]
    assert np.array_equal(together.values, np.concatenate([rows.values for rows in alone]))
    assert np.array_equal(together.quality, np.concatenate([rows.quality for rows in alone]))


def test_a_view_gives_the_row_of_its_copy() -> None:
    view = noise(2, 120, 300)[:, ::-1, ::3]
    assert np.array_equal(Pdq().describe(view).values, Pdq().describe(view.copy()).values)


def test_a_blank_frame_has_no_quality_and_noise_has_all() -> None:
    assert Pdq().describe(np.full((1, 90, 160, 3), 77, np.uint8)).quality[0] == 0
    assert Pdq().describe(noise(1, 64, 64)).quality[0] == 1


def test_a_little_grain_stays_within_the_threshold() -> None:
    y, x = np.mgrid[:180, :320]
    plain = np.stack([(x * x // 300 + y) % 256, (y * y // 200) % 256, (x + y) // 2], axis=-1)
    grainy = np.clip(plain + np.random.default_rng(4).integers(-8, 9, plain.shape), 0, 255)
    first, second = Pdq().describe(np.stack([plain, grainy]).astype(np.uint8)).values
    assert np.bitwise_count(first ^ second).sum() <= Pdq().spec.threshold


def test_one_frame_of_full_high_definition_fits() -> None:
    rows = Pdq().describe(noise(1, 1080, 1920))
    assert rows.values.shape == (1, 32)
