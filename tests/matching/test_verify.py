"""Geometric verification on drawn pictures whose geometry is known."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.anchors import Anchors
from tomeishi.fingerprint.local import Local, local_features
from tomeishi.matching.confirm import clearness, confirm, holds
from tomeishi.matching.undoing import needs_undoing, undone
from tomeishi.matching.verify import Verified, verify
from tomeishi.testing.films import film, frames
from tomeishi.values import Outline

REFERENCE = np.ascontiguousarray(list(frames(film(41, 5.0), 1, 512, 288))[3])
OTHER = np.ascontiguousarray(list(frames(film(57, 5.0), 1, 512, 288))[3])


def _laid(query: NDArray[np.uint8]) -> Verified:
    found = verify(local_features(np.ascontiguousarray(query), 500), local_features(REFERENCE))
    assert found is not None
    assert holds(found)
    return found


def _box(outline: Outline) -> tuple[float, float, float, float]:
    corners = np.array(outline)
    return (*corners.min(axis=0), *corners.max(axis=0))


def test_a_picture_lies_in_itself_as_it_is() -> None:
    found = _laid(REFERENCE)
    assert np.abs(found.map - np.eye(3)).max() < 0.01
    assert (found.mirrored, round(found.turned)) == (False, 0)
    assert not needs_undoing(found)


def test_a_crop_shows_its_part_of_the_reference() -> None:
    found = _laid(REFERENCE[36:252, 64:448])
    assert _box(found.reference_region) == pytest.approx((64 / 512, 36 / 288, 448 / 512, 252 / 288), abs=0.02)
    assert _box(found.query_region) == pytest.approx((0, 0, 1, 1), abs=0.02)


def test_a_small_picture_in_another_is_outlined_there() -> None:
    query = OTHER.copy()
    query[20:164, 30:286] = cv2.resize(REFERENCE, (256, 144), interpolation=cv2.INTER_AREA)
    found = _laid(query)
    assert _box(found.query_region) == pytest.approx((30 / 512, 20 / 288, 286 / 512, 164 / 288), abs=0.02)
    assert needs_undoing(found)


def test_two_pictures_that_share_one_figure_alone_are_laid_far_less_clearly_than_a_copy() -> None:
    shares = OTHER.copy()
    shares[90:234, 128:288] = REFERENCE[90:234, 128:288]
    found = verify(local_features(shares, 500), local_features(REFERENCE))
    copy = _laid(REFERENCE[36:252, 64:448])
    assert found is not None
    assert found.share < 0.5 < copy.share
    assert 4 * clearness(found) < clearness(copy)


def test_a_mirrored_picture_is_known_as_one() -> None:
    assert _laid(REFERENCE[:, ::-1]).mirrored


@pytest.mark.parametrize(("quarters", "degrees"), [(1, -90), (2, 180), (3, 90)])
def test_a_turned_picture_is_known_with_its_angle(quarters: int, degrees: int) -> None:
    found = _laid(np.rot90(REFERENCE, quarters))
    assert abs((found.turned - degrees + 180) % 360 - 180) < 2
    assert needs_undoing(found)


@pytest.mark.parametrize("quarters", [0, 1])
def test_undoing_gives_the_reference_back(quarters: int) -> None:
    query = np.zeros((288, 512, 3), np.uint8)
    query[100:244, 200:456] = cv2.resize(REFERENCE, (256, 144), interpolation=cv2.INTER_AREA)
    query = np.ascontiguousarray(np.rot90(query, quarters))
    found = _laid(query)
    back = undone(query, found.map, found.reference_region, 1.0, 288 / 512)
    expected = cv2.resize(REFERENCE, (back.shape[1], back.shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(back.astype(int) - expected.astype(int)).mean() < 12


def test_unlike_pictures_do_not_hold() -> None:
    found = verify(local_features(OTHER, 500), local_features(REFERENCE))
    assert found is None or not holds(found)


def test_noise_and_plain_pictures_do_not_hold() -> None:
    noise = np.random.default_rng(1).integers(0, 256, REFERENCE.shape, dtype=np.uint8)
    found = verify(local_features(noise, 500), local_features(REFERENCE))
    assert found is None or not holds(found)
    assert verify(local_features(np.zeros_like(REFERENCE)), local_features(REFERENCE)) is None


class _One:
    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self._features = local_features(picture, 500)

    def features_near(self, time_s: float) -> tuple[float, Local]:
        return time_s, self._features


def test_moments_that_lie_alike_confirm_each_other() -> None:
    anchors = Anchors(np.arange(5.0), (local_features(REFERENCE),) * 5)
    confirmed = confirm([(n + 10.0, float(n)) for n in range(5)], _One(REFERENCE), anchors)
    assert (confirmed.tried, len(confirmed.agreeing)) == (5, 5)
    assert confirmed.regions is not None


def test_unlike_moments_are_tried_and_do_not_agree() -> None:
    anchors = Anchors(np.arange(5.0), (local_features(REFERENCE),) * 5)
    rejected = confirm([(n + 10.0, float(n)) for n in range(5)], _One(OTHER), anchors)
    assert (rejected.tried, len(rejected.agreeing), rejected.regions) == (5, 0, None)


def test_without_anchors_nothing_is_tried() -> None:
    assert confirm([(0.0, 0.0)], _One(REFERENCE), Anchors(np.zeros(0), ())).tried == 0
