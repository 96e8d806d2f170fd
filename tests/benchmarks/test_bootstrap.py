"""Intervals over films."""

import pytest

from benchmarks.bootstrap import interval, mean_interval, none_of


def test_clips_of_one_film_say_no_more_than_one_film() -> None:
    """A hundred clips each of four films, two of which are found whole: nearly anything is possible."""
    low, high = mean_interval([[1.0] * 100, [1.0] * 100, [0.0] * 100, [0.0] * 100])
    assert low == 0.0
    assert high == 1.0


def test_many_films_give_a_narrow_interval() -> None:
    low, high = mean_interval([[float(n % 2)] for n in range(400)])
    assert 0.44 < low < 0.5 < high < 0.56


def test_the_same_draws_give_the_same_interval() -> None:
    films = [[0.1], [0.5], [0.9]]
    assert mean_interval(films) == mean_interval(films)


def test_films_weigh_by_what_they_hold() -> None:
    assert mean_interval([[1.0]] * 5 + [[]]) == (1.0, 1.0)


def test_any_figure_can_be_drawn_for() -> None:
    low, high = interval([1.0, 2.0, 3.0], lambda drawn: max(drawn))
    assert (low, high) == (1.0, 3.0)


def test_none_of_thirty_is_compatible_with_one_in_nine() -> None:
    assert none_of(30) == pytest.approx(0.1157, abs=1e-4)


def test_none_of_none_says_nothing() -> None:
    assert none_of(0) == 1.0
