"""What colour rows say of a figure, and what they leave out."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.colours import DIM, SHARE, colour_rows, fused

RED, GREEN, BLUE, SAND, WHITE = (200, 40, 40), (40, 160, 60), (50, 70, 200), (220, 200, 150), (255, 255, 255)
Colour = tuple[int, int, int]


def figure(above: Colour, below: Colour, ground: Colour = WHITE, left: int = 40) -> NDArray[np.uint8]:
    """Two blocks, one on the other, on a plain ground."""
    picture = np.full((128, 128, 3), ground, np.uint8)
    picture[10:60, left : left + 48] = above
    picture[60:118, left : left + 48] = below
    return picture


def nearness(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    rows = colour_rows(np.stack([first, second]))
    return float(rows[0] @ rows[1])


def test_rows_are_float32_of_unit_length() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (3, 128, 128, 3), np.uint8)
    rows = colour_rows(np.concatenate([noise, np.zeros((1, 128, 128, 3), np.uint8)]))
    assert rows.dtype == np.float32
    assert rows.shape == (4, DIM)
    assert np.abs(np.linalg.norm(rows, axis=1) - 1).max() < 1e-5
    assert rows.min() >= 0


def test_the_same_colours_elsewhere_on_a_plain_ground_are_the_same_row() -> None:
    assert nearness(figure(RED, BLUE), figure(RED, BLUE, left=60)) > 0.99


@pytest.mark.parametrize("ground", [WHITE, SAND, (0, 0, 0)])
def test_a_plain_ground_does_not_count(ground: Colour) -> None:
    assert nearness(figure(RED, BLUE), figure(RED, BLUE, ground)) > 0.9


def test_other_colours_are_far() -> None:
    assert nearness(figure(RED, BLUE), figure(GREEN, SAND)) < 0.3


def test_what_is_worn_above_and_below_is_told_apart() -> None:
    assert nearness(figure(RED, BLUE), figure(BLUE, RED)) < 0.8


def test_a_mirrored_figure_has_the_same_row() -> None:
    picture = figure(RED, GREEN, left=20)
    assert nearness(picture, np.ascontiguousarray(picture[:, ::-1])) > 0.99


def test_before_a_scene_the_middle_counts_most() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (8, 8, 3), np.uint8)
    scene = cv2.resize(noise, (128, 128)).astype(np.uint8)
    standing = scene.copy()
    standing[10:118, 34:94] = figure(RED, BLUE, left=40)[10:118, 34:94]
    standing[:, 34:40] = scene[:, 34:40]
    assert nearness(standing, figure(RED, BLUE)) > nearness(standing, figure(GREEN, SAND)) + 0.1


def test_a_row_does_not_depend_on_its_batch() -> None:
    pictures = np.stack([figure(RED, BLUE), figure(GREEN, SAND), figure(SAND, RED)])
    alone = np.concatenate([colour_rows(picture[np.newaxis]) for picture in pictures])
    assert (alone == colour_rows(pictures)).all()


def test_of_two_figures_alike_in_form_the_one_of_the_same_colours_scores_higher() -> None:
    forms, colours = np.array([0.6, 0.6, 0.6]), np.array([1.0, 0.7, 0.0])
    assert np.allclose(fused(forms, colours), [0.6 + SHARE, 0.6 + SHARE * 0.7**4, 0.6])


def test_colours_that_half_agree_outweigh_no_difference_in_form() -> None:
    same_form, same_colours = fused(np.array([0.78]), np.array([0.4])), fused(np.array([0.7]), np.array([0.6]))
    assert same_form > same_colours


def test_no_figures_give_no_rows() -> None:
    assert colour_rows(np.zeros((0, 128, 128, 3), np.uint8)).shape == (0, DIM)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((1, 128, 128, 3), np.float32),
        np.zeros((128, 128, 3), np.uint8),
        np.zeros((1, 128, 96, 3), np.uint8),
        np.zeros((1, 128, 128, 4), np.uint8),
    ],
    ids=["float", "no batch", "not square", "alpha"],
)
def test_another_shape_or_type_is_refused(samples: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        colour_rows(samples)
