"""Segment average precision and micro-average precision, as VSC2022 (Meta's video similarity challenge) defines them.

A prediction names a query, a reference, a stretch of each, and how sure it is; a box is the rectangle of the two
stretches. Predictions are taken in the order of their sureness, equal ones together. After each step

    precision = sqrt(covered(query) / predicted(query) * covered(reference) / predicted(reference))
    recall    = sqrt(covered(query) / true(query) * covered(reference) / true(reference))

where, summed over all pairs of a query and a reference, `predicted(axis)` is the length of the union of the predicted
stretches on that axis, `true(axis)` that of the true ones, and `covered(axis)` that of the intersection of both, with
one condition: of the true boxes only those that overlap a predicted box on *both* axes count in the intersection. So a
prediction that is right in the query and points at another place of the reference covers nothing. The average precision
is the sum of precision times the step in recall. Defined by Meta with the data set; written here from that definition.

`micro_ap` is the descriptor track's measure, over pairs of a query and a reference without regard to stretches.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

from tomeishi.values import Interval

Pair = tuple[str, str]
"""A query and a reference."""


@dataclass(frozen=True, slots=True)
class Box:
    """A stretch of a query and the stretch of a reference that it shows."""

    query: Interval
    reference: Interval

    def overlaps(self, other: "Box") -> bool:
        """On both axes, by more than a point."""
        return self.query.overlap(other.query) > 0 and self.reference.overlap(other.reference) > 0


@dataclass(frozen=True, slots=True)
class Predicted:
    """One predicted box of a pair, and how sure it is; larger is surer."""

    pair: Pair
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Lengths:
    """Seconds on both axes, of one pair or summed over pairs."""

    query: float = 0.0
    reference: float = 0.0

    def __add__(self, other: "Lengths") -> "Lengths":
        return Lengths(self.query + other.query, self.reference + other.reference)

    def __sub__(self, other: "Lengths") -> "Lengths":
        return Lengths(self.query - other.query, self.reference - other.reference)

    def share_of(self, whole: "Lengths") -> float:
        """Root of the product of both axes' shares; 0 of nothing."""
        if whole.query <= 0 or whole.reference <= 0:
            return 0.0
        return sqrt(max(0.0, self.query / whole.query) * max(0.0, self.reference / whole.reference))


def segment_ap(truth: Mapping[Pair, Sequence[Box]], predictions: Iterable[Predicted]) -> float:
    """Segment average precision in [0, 1]; 0 where there is nothing to find."""
    average, recall = 0.0, 0.0
    for precision, reached in curve(truth, predictions):
        average += precision * (reached - recall)
        recall = reached
    return average


def curve(truth: Mapping[Pair, Sequence[Box]], predictions: Iterable[Predicted]) -> list[tuple[float, float]]:
    """Precision and recall after each level of sureness, the surest first."""
    whole = sum((_lengths(boxes) for boxes in truth.values()), Lengths())
    taken: defaultdict[Pair, list[Box]] = defaultdict(list)
    predicted, covered = Lengths(), Lengths()
    points: list[tuple[float, float]] = []
    ordered = sorted(predictions, key=lambda each: -each.score)
    for _, level in groupby(ordered, key=lambda each: each.score):
        added: defaultdict[Pair, list[Box]] = defaultdict(list)
        for each in level:
            added[each.pair].append(each.box)
        for pair, boxes in added.items():
            true = truth.get(pair, ())
            before = taken[pair]
            after = [*before, *boxes]
            predicted = predicted - _lengths(before) + _lengths(after)
            covered = covered - _covered(true, before) + _covered(true, after)
            taken[pair] = after
        points.append((covered.share_of(predicted), covered.share_of(whole)))
    return points


def micro_ap(true: frozenset[Pair], scored: Iterable[tuple[Pair, float]]) -> float:
    """Average precision over all pairs together: one list, the surest first, equal ones together."""
    if not true:
        return 0.0
    average, right, count = 0.0, 0, 0
    ordered = sorted(scored, key=lambda each: -each[1])
    for _, level in groupby(ordered, key=lambda each: each[1]):
        pairs = [pair for pair, _ in level]
        found = sum(pair in true for pair in pairs)
        right, count = right + found, count + len(pairs)
        average += found / len(true) * right / count
    return average


def _covered(true: Sequence[Box], predicted: Sequence[Box]) -> Lengths:
    met = [box for box in true if any(box.overlaps(each) for each in predicted)]
    return Lengths(
        _shared([box.query for box in met], [box.query for box in predicted]),
        _shared([box.reference for box in met], [box.reference for box in predicted]),
    )


def _lengths(boxes: Sequence[Box]) -> Lengths:
    return Lengths(
        sum(each.length for each in _union([box.query for box in boxes])),
        sum(each.length for each in _union([box.reference for box in boxes])),
    )


def _union(intervals: Sequence[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for each in sorted(intervals):
        if joined and each.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, each.end))
        else:
            joined.append(each)
    return joined


def _shared(some: Sequence[Interval], others: Sequence[Interval]) -> float:
    mine, theirs = _union(some), _union(others)
    return sum(a.overlap(b) for a in mine for b in theirs)
