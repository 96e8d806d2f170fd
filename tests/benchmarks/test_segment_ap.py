"""Segment average precision in situations that can be worked out by hand."""

from math import sqrt

import pytest

from benchmarks.segment_ap import Box, Pair, Predicted, curve, micro_ap, segment_ap
from tomeishi.values import Interval

A, B, C = ("query 1", "film 1"), ("query 1", "film 2"), ("query 2", "film 1")


def box(query: tuple[float, float], reference: tuple[float, float]) -> Box:
    return Box(Interval(*query), Interval(*reference))


def predicted(pair: Pair, query: tuple[float, float], reference: tuple[float, float], score: float = 1.0) -> Predicted:
    return Predicted(pair, box(query, reference), score)


TRUE = {A: [box((10, 20), (30, 40))]}


def test_the_truth_itself_is_perfect() -> None:
    assert segment_ap(TRUE, [predicted(A, (10, 20), (30, 40))]) == 1.0


def test_nothing_predicted_is_worth_nothing() -> None:
    assert segment_ap(TRUE, []) == 0.0


def test_half_found_on_both_axes_is_half_recall_at_full_precision() -> None:
    assert curve(TRUE, [predicted(A, (10, 15), (30, 35))]) == [(1.0, 0.5)]
    assert segment_ap(TRUE, [predicted(A, (10, 15), (30, 35))]) == 0.5


def test_twice_too_long_on_both_axes_is_half_precision_at_full_recall() -> None:
    assert curve(TRUE, [predicted(A, (5, 25), (25, 45))]) == [(0.5, 1.0)]


def test_axes_are_joined_by_the_root_of_their_product() -> None:
    [(precision, recall)] = curve(TRUE, [predicted(A, (10, 20), (30, 35))])
    assert precision == 1.0
    assert recall == pytest.approx(sqrt(1.0 * 0.5))
    [(precision, recall)] = curve(TRUE, [predicted(A, (10, 20), (30, 50))])
    assert precision == pytest.approx(sqrt(1.0 * 0.5))
    assert recall == 1.0


def test_the_right_seconds_of_the_query_at_another_place_of_the_reference_cover_nothing() -> None:
    assert segment_ap(TRUE, [predicted(A, (10, 20), (50, 60))]) == 0.0


def test_boxes_that_only_touch_cover_nothing() -> None:
    assert segment_ap(TRUE, [predicted(A, (20, 30), (30, 40))]) == 0.0


def test_of_two_true_stretches_only_the_one_that_is_met_counts_as_covered() -> None:
    """The second lies under the prediction on the axis of the query alone."""
    truth = {A: [box((10, 20), (30, 40)), box((15, 25), (80, 90))]}
    [(precision, recall)] = curve(truth, [predicted(A, (10, 25), (30, 40))])
    assert precision == pytest.approx(sqrt(10 / 15 * 10 / 10))
    assert recall == pytest.approx(sqrt(10 / 15 * 10 / 20))


def test_a_surer_wrong_pair_costs_precision_before_the_right_one_is_reached() -> None:
    predictions = [predicted(B, (0, 10), (0, 10), 0.9), predicted(A, (10, 20), (30, 40), 0.8)]
    assert curve(TRUE, predictions) == [(0.0, 0.0), (0.5, 1.0)]
    assert segment_ap(TRUE, predictions) == 0.5


def test_a_wrong_pair_that_is_less_sure_costs_nothing() -> None:
    predictions = [predicted(B, (0, 10), (0, 10), 0.1), predicted(A, (10, 20), (30, 40), 0.8)]
    assert segment_ap(TRUE, predictions) == 1.0


def test_equally_sure_predictions_count_together() -> None:
    predictions = [predicted(B, (0, 10), (0, 10)), predicted(A, (10, 20), (30, 40))]
    assert curve(TRUE, predictions) == [(0.5, 1.0)]


def test_the_same_seconds_predicted_twice_count_once() -> None:
    predictions = [predicted(A, (10, 20), (30, 40), 0.9), predicted(A, (10, 20), (30, 40), 0.8)]
    assert curve(TRUE, predictions) == [(1.0, 1.0), (1.0, 1.0)]


def test_pairs_weigh_by_their_length() -> None:
    truth = {A: [box((0, 30), (0, 30))], C: [box((0, 10), (0, 10))]}
    assert segment_ap(truth, [predicted(A, (0, 30), (0, 30))]) == 0.75
    assert segment_ap(truth, [predicted(C, (0, 10), (0, 10))]) == 0.25


def test_a_film_played_at_twice_the_speed_is_perfect_where_both_axes_are_right() -> None:
    assert segment_ap({A: [box((0, 5), (10, 20))]}, [predicted(A, (0, 5), (10, 20))]) == 1.0


def test_micro_ap_is_one_list_over_all_pairs() -> None:
    true = frozenset({A, C})
    assert micro_ap(true, [(A, 0.9), (C, 0.8), (B, 0.7)]) == 1.0
    assert micro_ap(true, [(B, 0.9), (A, 0.8), (C, 0.7)]) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert micro_ap(true, [(A, 0.9)]) == 0.5


def test_micro_ap_takes_equal_scores_together() -> None:
    assert micro_ap(frozenset({A}), [(A, 0.5), (B, 0.5)]) == 0.5
