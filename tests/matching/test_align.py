"""Alignment, on similarity matrices whose truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.matching.align import Stretch, Track, fit_line, stretches, stretches_backwards

SAME = 0.6


def _film(seed: int, seconds: float, rate_hz: float = 2.0) -> NDArray[np.float32]:
    """Unit rows of an imagined film: frames within about a second resemble each other, distant ones don't."""
    rng = np.random.default_rng(seed)
    kernel = np.hanning(int(2.5 * rate_hz) + 2)[1:-1]
    count = int(seconds * rate_hz)
    steps = rng.normal(size=(count + len(kernel), 256))
    return _unit(np.asarray(sum(steps[k : k + count] * weight for k, weight in enumerate(kernel))))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _track(rows: NDArray[np.float32], rate_hz: float = 2.0) -> Track:
    return Track(np.arange(len(rows)) / rate_hz, len(rows) / rate_hz)


def _aligned(query: NDArray[np.float32], reference: NDArray[np.float32]) -> list[Stretch]:
    return stretches(query @ reference.T, _track(query), _track(reference), SAME)


def test_unrelated_films_have_no_stretch() -> None:
    assert _aligned(_film(1, 60), _film(2, 300)) == []


def test_a_clip_is_found_where_it_was_cut() -> None:
    reference = _film(1, 120)
    query = np.concatenate([_film(2, 10), reference[60:100], _film(3, 10)])
    (stretch,) = _aligned(query, reference)
    assert (stretch.query.start, stretch.query.end) == (10.0, 30.0)
    assert (stretch.reference.start, stretch.reference.end) == (30.0, 50.0)


@pytest.mark.parametrize("speed", [0.5, 0.75, 1.0, 1.25, 1.5, 2.0])
def test_a_retimed_clip_is_found_with_its_speed(speed: float) -> None:
    reference = _film(4, 120, rate_hz=20.0)
    moments = 20 + np.arange(0, 30, 0.5) * speed
    query = reference[(moments * 20).astype(int)]
    found = stretches(query @ reference[::10].T, _track(query), _track(reference[::10]), SAME)
    best = found[0]
    assert best.reference.length / best.query.length == pytest.approx(speed, rel=0.06)
    assert best.reference.start == pytest.approx(20, abs=0.75)
    assert best.query.length == pytest.approx(30, abs=1.5)


def test_two_clips_of_one_film_are_two_stretches() -> None:
    reference = _film(5, 120)
    query = np.concatenate([reference[160:200], _film(6, 5), reference[20:60]])
    found = sorted(_aligned(query, reference), key=lambda s: s.query.start)
    assert [(s.query.start, s.query.end, s.reference.start) for s in found] == [(0.0, 20.0, 80.0), (25.0, 45.0, 10.0)]


def test_a_clip_that_is_looped_is_found_each_time() -> None:
    reference = _film(7, 60)
    query = np.concatenate([reference[40:60]] * 3)
    assert len(_aligned(query, reference)) == 3


def test_a_moment_of_the_query_is_explained_once() -> None:
    opening = _film(8, 10)
    reference = np.concatenate([opening, _film(9, 20), opening])
    assert len(_aligned(opening, reference)) == 1


def test_a_few_spoilt_frames_do_not_break_a_stretch() -> None:
    reference = _film(10, 60)
    query = reference[20:80].copy()
    query[25:28] = _film(11, 1.5)
    assert len(_aligned(query, reference)) == 1


def test_a_still_picture_takes_the_run_that_it_resembles() -> None:
    reference = _film(12, 30)
    reference[20:30] = reference[20]
    (stretch,) = stretches(reference[25:26] @ reference.T, Track(np.array([0.0]), 1.0), _track(reference), SAME)
    assert (stretch.query.start, stretch.query.end) == (0.0, 1.0)
    assert stretch.reference.start <= 10.0
    assert stretch.reference.end >= 15.0


def test_segments_stay_inside_both_films() -> None:
    reference = _film(13, 20)
    query = np.concatenate([_film(14, 3), reference])
    (stretch,) = _aligned(query, reference)
    assert 0 <= stretch.reference.start < stretch.reference.end <= 20
    assert 0 <= stretch.query.start < stretch.query.end <= 23


def test_an_empty_side_has_no_stretch() -> None:
    empty = np.empty((0, 256), dtype=np.float32)
    assert _aligned(empty, _film(1, 10)) == []
    assert _aligned(_film(1, 10), empty) == []


def test_a_line_through_slow_pictures_keeps_real_time() -> None:
    slope, offset = fit_line(np.array([0.0, 0.5, 1.0, 1.5]), np.array([10.0, 10.5, 11.0, 12.0]))
    assert (slope, offset) == (1.0, 10.0)


def test_a_clip_played_from_its_end_is_found_backwards() -> None:
    reference = _film(11, 120)
    query = np.concatenate([_film(12, 10), reference[60:100][::-1], _film(13, 10)])
    assert _aligned(query, reference) == []
    (stretch,) = stretches_backwards(query @ reference.T, _track(query), _track(reference), SAME)
    assert stretch.backwards
    assert (stretch.query.start, stretch.query.end) == pytest.approx((10.0, 30.0), abs=0.02)
    assert (stretch.reference.start, stretch.reference.end) == pytest.approx((30.0, 50.0), abs=0.02)
    assert (np.diff(stretch.pairs[:, 0]) < 0).all()
    assert np.array_equal(query[stretch.pairs[:, 0]], reference[stretch.pairs[:, 1]])


def test_a_clip_played_from_its_start_is_not_found_backwards() -> None:
    reference = _film(14, 120)
    query = reference[60:100]
    assert stretches_backwards(query @ reference.T, _track(query), _track(reference), SAME) == []


def test_a_loop_has_a_stretch_for_each_turn() -> None:
    reference = _film(15, 120)
    query = np.concatenate([reference[60:80]] * 4)
    found = sorted(_aligned(query, reference), key=lambda each: each.query.start)
    assert [each.query.start for each in found] == [0.0, 10.0, 20.0, 30.0]
    assert {(each.reference.start, each.reference.end) for each in found} == {(30.0, 40.0)}
