"""Where figures are looked for, and the figures of a model sheet."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.figure import FigureDescriptor, square
from tomeishi.fingerprint.regions import MOST, MOST_IN_A_STILL, on_plain_ground, regions
from tomeishi.fingerprint.sightings import Onlooker
from tomeishi.media.sample import Frame
from tomeishi.testing.films import film, frames
from tomeishi.testing.model_sheets import Situation, draw, identity, model_sheet, on_paper, placed
from tomeishi.values import WHOLE_PICTURE, Box

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def scene() -> Picture:
    """A room without anybody."""
    ground = np.full((288, 512, 3), (150, 190, 210), np.uint8)
    ground[200:] = (120, 150, 90)
    return ground


def test_a_figure_before_a_ground_is_among_the_boxes(scene: Picture) -> None:
    drawing = draw(identity(31), Situation(), height_px=200)
    for x in (0.25, 0.5, 0.75):
        frame, (left, top, wide, high) = placed(scene, drawing, 0.5, (x, 0.9))
        assert max(box.shared(Box(left, top, wide, high)) for box in regions(frame)) > 0.6


def test_who_moves_is_found_before_a_ground_that_is_all_patterns() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (72, 128, 3), dtype=np.uint8)
    ground = np.asarray(np.kron(noise, np.ones((4, 4, 1))), np.uint8)
    drawing = draw(identity(32), Situation(), height_px=200)
    before, _ = placed(ground, drawing, 0.5, (0.3, 0.9))
    now, (left, top, wide, high) = placed(ground, drawing, 0.5, (0.6, 0.9))
    assert max(box.shared(Box(left, top, wide, high)) for box in regions(now, before)) > 0.4


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_picture_has_no_figure(shade: int) -> None:
    assert regions(np.full((180, 320, 3), shade, np.uint8)) == []


def test_boxes_are_few_and_lie_inside_the_picture() -> None:
    for picture in frames(film(7, 2.0), 2.0, 320, 180):
        assert len(regions(picture)) <= MOST
        assert len(regions(picture, still=True)) <= MOST_IN_A_STILL


@pytest.mark.parametrize("size", [(8, 8), (9, 400), (400, 9), (64, 64)])
def test_a_picture_of_any_shape_is_looked_at(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    for box in regions(picture, still=True):
        assert square(picture, box).shape == (128, 128, 3)


def test_past_the_edge_of_a_picture_its_edge_goes_on() -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:, 20:] = 255
    cut = square(picture, WHOLE_PICTURE)
    assert (cut[:, 0] == 0).all()
    assert (cut[:, -1] == 255).all()


def test_a_model_sheet_shows_as_many_figures_as_were_drawn_on_it() -> None:
    sheet = on_paper(model_sheet(identity(33), 4))
    assert len(on_plain_ground(sheet) or []) == 4


def test_captions_and_swatches_of_a_sheet_are_no_figures() -> None:
    import cv2

    sheet = on_paper(model_sheet(identity(33), 3))
    cv2.putText(sheet, "MODEL SHEET 3", (20, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
    cv2.rectangle(sheet, (5, sheet.shape[0] - 30), (30, sheet.shape[0] - 5), (200, 30, 30), -1)
    assert len(on_plain_ground(sheet) or []) == 3


def test_a_scene_is_no_model_sheet() -> None:
    assert on_plain_ground(next(iter(frames(film(8, 1.0), 1.0, 512, 288)))) is None


def test_an_empty_sheet_shows_nobody() -> None:
    assert on_plain_ground(np.full((200, 200, 3), 240, np.uint8)) == []


def _onlooker(pictures: list[tuple[float, Picture, bool]]) -> Onlooker:
    onlooker = Onlooker(FigureDescriptor())
    for time_s, pixels, change in pictures:
        onlooker.see([Frame(time_s, pixels, change)])
    return onlooker


def test_a_picture_that_stands_still_is_looked_at_once(scene: Picture) -> None:
    frame, _ = placed(scene, draw(identity(31), Situation()), 0.5, (0.5, 0.9))
    seen = _onlooker([(n / 2, frame, n == 0) for n in range(40)]).sightings(still=False)
    assert set(seen.times_s) == {0.0}


def test_looks_are_a_second_apart_and_anew_where_a_shot_begins(scene: Picture) -> None:
    drawing = draw(identity(31), Situation())
    moving = [placed(scene, drawing, 0.5, (0.2 + 0.05 * n, 0.9))[0] for n in range(8)]
    seen = _onlooker([(n / 2, moving[n], n in (0, 5)) for n in range(8)]).sightings(still=False)
    assert sorted(set(seen.times_s)) == [0.0, 1.0, 2.0, 2.5, 3.5]
    assert {int(each) for each in seen.shots[seen.times_s >= 2.5]} == {1}


def test_what_is_blank_gives_no_sighting() -> None:
    blank = np.full((180, 320, 3), 30, np.uint8)
    onlooker = _onlooker([(0.0, blank, True)])
    assert len(onlooker.sightings(still=False).rows) == 0
    assert len(onlooker.sightings(still=True).rows) == 0
