"""Edges that bound a part of the picture are told from those of what is filmed."""

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.seams import Seams
from tomeishi.fingerprint.views import PARTS, Box
from tomeishi.testing.changes import Moment, picture_in_picture, stacked
from tomeishi.testing.films import film, frames

LEFT, RIGHT, TOP, BOTTOM, _, *CORNERS = PARTS
ONE = list(frames(film(41, 4.0), 2, 320, 180))
OTHER = list(frames(film(42, 4.0), 2, 320, 180))


def _bounded(pictures: Iterable[NDArray[np.uint8]]) -> set[Box]:
    seams = Seams()
    for picture in pictures:
        seams.see(picture)
    return {box for box in PARTS if seams.bounds(box)}


def test_a_film_alone_has_no_parts() -> None:
    assert _bounded(ONE) == set()


@pytest.mark.parametrize(("seed", "halves"), [(0, {TOP, BOTTOM}), (2, {LEFT, RIGHT})])
def test_both_halves_of_a_stack_are_seen(seed: int, halves: set[Box]) -> None:
    assert halves <= _bounded(stacked(one, Moment(seed, 0.0, other)) for one, other in zip(ONE, OTHER, strict=True))


@pytest.mark.parametrize(("seed", "corner"), [(0, 3), (1, 1), (2, 2), (3, 0)])
def test_the_corner_with_a_small_film_is_seen(seed: int, corner: int) -> None:
    shown = [picture_in_picture(one, Moment(seed, 0.0, other)) for one, other in zip(ONE, OTHER, strict=True)]
    assert CORNERS[corner] in _bounded(shown)


def test_a_still_that_was_put_together_shows_it_at_once() -> None:
    assert {TOP, BOTTOM} <= _bounded([stacked(ONE[0], Moment(0, 0.0, OTHER[0]))])


def test_nothing_is_bounded_before_anything_was_seen() -> None:
    assert _bounded([]) == set()
