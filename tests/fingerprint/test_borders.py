"""Letterbox and pillarbox removal."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.borders import unborder
from tomeishi.testing.films import film, frames

Picture = NDArray[np.uint8]
SCENES = [next(frames(film(seed, 1.0), 1.0, 320, 180)) for seed in (3, 8, 13, 19)]


def boxed(picture: Picture, above: int, beside: int, colour: tuple[int, int, int] = (0, 0, 0)) -> Picture:
    framed = cv2.copyMakeBorder(picture, above, above, beside, beside, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(framed, np.uint8)


def coded(picture: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1]


def inside(picture: Picture) -> Picture:
    return unborder(picture[np.newaxis])[0]


@pytest.mark.parametrize("colour", [(0, 0, 0), (16, 16, 16), (255, 255, 255), (20, 60, 140)], ids=str)
@pytest.mark.parametrize(("above", "beside"), [(30, 0), (0, 60), (25, 40), (4, 0), (0, 110)])
@pytest.mark.parametrize("scene", range(4))
def test_a_border_of_any_colour_is_removed_to_the_pixel(
    scene: int, above: int, beside: int, colour: tuple[int, int, int]
) -> None:
    assert (inside(boxed(SCENES[scene], above, beside, colour)) == SCENES[scene]).all()


@pytest.mark.parametrize("scene", range(4))
def test_a_border_is_removed_after_a_poor_encode(scene: int) -> None:
    for above, beside in ((30, 0), (0, 60)):
        found = inside(coded(boxed(SCENES[scene], above, beside), 25))
        assert np.abs(np.subtract(found.shape, SCENES[scene].shape)).max() <= 6


def test_a_border_is_removed_under_noise() -> None:
    random = np.random.default_rng(0)
    noisy = np.clip(boxed(SCENES[0], 30, 0) + random.normal(0, 12, (240, 320, 3)), 0, 255).astype(np.uint8)
    assert abs(inside(noisy).shape[0] - 180) <= 4


@pytest.mark.parametrize("scene", range(4))
def test_a_scene_without_borders_is_left_whole(scene: int) -> None:
    assert inside(SCENES[scene]).shape == SCENES[scene].shape


def test_no_scene_of_ten_films_is_eaten() -> None:
    pictures = [picture for seed in range(40, 50) for picture in frames(film(seed, 9.0), 1 / 3, 320, 180)]
    assert all(inside(picture).shape == picture.shape for picture in pictures)


def test_a_dark_scene_is_left_whole() -> None:
    dark = np.zeros((180, 320, 3), np.uint8)
    cv2.circle(dark, (160, 90), 40, (90, 70, 40), -1, cv2.LINE_AA)
    assert inside(dark).shape == dark.shape
    dim = np.asarray(SCENES[0] // 12, np.uint8)
    assert inside(dim).shape == dim.shape


def test_a_title_on_a_plain_ground_is_left_whole() -> None:
    card = np.full((180, 320, 3), 12, np.uint8)
    cv2.putText(card, "THE END", (90, 100), cv2.FONT_HERSHEY_DUPLEX, 1, (230, 230, 230), 2, cv2.LINE_AA)
    assert inside(card).shape == card.shape


def test_a_page_of_text_loses_no_more_than_its_margins() -> None:
    page = np.zeros((180, 320, 3), np.uint8)
    for row in (60, 80, 100, 120):
        words = "in a kingdom at peace there lived"
        cv2.putText(page, words, (20, row), cv2.FONT_HERSHEY_DUPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    assert inside(page).sum(dtype=np.int64) > 0.97 * page.sum(dtype=np.int64)


def test_a_scene_that_is_dark_along_one_edge_loses_its_border_only() -> None:
    scene = SCENES[1].copy()
    scene[140:] = 0
    assert (inside(boxed(scene, 30, 0)) == scene).all()


def test_a_plain_ground_under_a_sky_is_no_border() -> None:
    scene = SCENES[2].copy()
    scene[140:] = (40, 120, 50)
    assert inside(scene).shape == scene.shape


@pytest.mark.parametrize("colour", [0, 16, 128, 255])
def test_a_blank_frame_is_left_whole(colour: int) -> None:
    assert inside(np.full((90, 160, 3), colour, np.uint8)).shape == (90, 160, 3)


def test_samples_of_one_batch_do_not_touch_each_other() -> None:
    batch = np.stack([boxed(SCENES[0], 30, 0), boxed(np.zeros_like(SCENES[0]), 30, 0)])
    assert [picture.shape for picture in unborder(batch)] == [(180, 320, 3), (240, 320, 3)]
