"""Scores and bands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tomeishi.matching.calibration import shipped
from tomeishi.matching.score import Evidence, different_pictures, telling
from tomeishi.values import Band


@given(st.floats(-1, 1), st.floats(1, 1e6))
def test_a_score_lies_between_zero_and_one(similarity: float, different: float) -> None:
    assert 0 <= shipped().run_score(similarity, different) <= 1


@given(st.floats(0, 0.9), st.floats(1, 100))
def test_more_similar_and_longer_is_never_less_sure(similarity: float, different: float) -> None:
    calibration = shipped()
    assert calibration.run_score(similarity + 0.1, different) >= calibration.run_score(similarity, different)
    assert calibration.run_score(similarity, different + 1) >= calibration.run_score(similarity, different)


def test_bands_stand_surest_first_and_the_weakest_has_a_floor() -> None:
    calibration = shipped()
    assert [limit.band for limit in calibration.bands] == [Band.STRONG, Band.LIKELY, Band.WEAK]
    assert [limit.score for limit in calibration.bands] == sorted((b.score for b in calibration.bands), reverse=True)
    assert calibration.band(1.0) is Band.STRONG
    assert calibration.band(0.0) is None


def test_one_still_picture_counts_once_however_long_it_stands() -> None:
    row = np.zeros((100, 8), dtype=np.float32)
    row[:, 0] = 1
    assert different_pictures(row, np.ones(100, dtype=np.float32)) == pytest.approx(1.0)
    assert different_pictures(np.eye(8, dtype=np.float32), np.ones(8, dtype=np.float32)) == pytest.approx(8.0)


def test_a_title_card_says_less_than_a_scene() -> None:
    rows = np.eye(8, dtype=np.float32)
    cards = different_pictures(rows, telling(np.full(8, 0.12, dtype=np.float32)))
    assert cards == pytest.approx(8 * 0.2)
    assert telling(np.array([0.0, 0.6, 1.0], dtype=np.float32)).tolist() == [0.0, 1.0, 1.0]


def test_one_picture_is_sure_only_where_it_is_very_near_or_agrees_by_pdq() -> None:
    calibration = shipped()

    def band(similarity: float, telling: float = 1.0, agree: bool = False) -> Band | None:
        return calibration.band(calibration.score(Evidence(similarity, 1.0, telling, agree)))

    assert band(0.95) is Band.STRONG
    assert band(0.6) is None
    assert band(0.95, telling=0.5) is Band.WEAK
    assert band(0.6, agree=True) is Band.STRONG


def test_verification_decides_what_is_in_doubt() -> None:
    calibration = shipped()

    def band(
        tried: int, clearness: float, similarity: float = 0.6, different: float = 3.0, agree: bool = False
    ) -> Band | None:
        verified = int(clearness > 0)
        evidence = Evidence(similarity, different, 1.0, agree, tried=tried, verified=verified, clearness=clearness)
        return calibration.band(calibration.score(evidence))

    assert band(5, 3.2) is Band.STRONG
    assert band(5, 2.3) is Band.LIKELY
    assert band(5, 1.4) is Band.WEAK
    assert band(5, 0, similarity=0.9, different=50.0) is None
    assert band(5, 0, similarity=0.9, different=50.0, agree=True) is Band.STRONG
    assert band(0, 0, similarity=0.9, different=50.0) is Band.STRONG
