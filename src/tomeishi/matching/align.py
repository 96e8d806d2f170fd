"""Two rows of frames to aligned stretches: local alignment over their similarity, then a line per stretch.

Smith-Waterman (1981) local alignment in index space with the moves (1,1), (2,1) and (1,2), so that a stretch may be
played from half to twice the speed. All three moves come from earlier rows, so a row is computed at once. The line
(reference time = slope * query time + offset) is fitted in seconds by the median of pairwise slopes (Theil-Sen) and
is what a reader can check by hand. Pure: arrays in, values out.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tomeishi.values import Interval

SLOWEST, FASTEST = 0.45, 2.2
"""Slopes that are believed; the moves reach 0.5 to 2, and a fit over few frames wobbles around it."""

_MISS = -0.35
"""Cost of an aligned pair that does not resemble: three misses spend one perfect hit."""
_NEAR_BEST = 0.15
_BEND = 0.05
"""Cost of a (2,1) or (1,2) move, so that straight lines win among equals."""


@dataclass(frozen=True, slots=True)
class Track:
    """The sampled frames of one media item that are kept: `times_s` (n,) rising, blank ones left out."""

    times_s: NDArray[np.float64]
    duration_s: float
    """Where the last frame ends."""
    start_s: float = 0.0
    """Where the first frame would begin: later than 0 in a part of a film."""

    def interval(self, first: int, last: int) -> Interval:
        """From the first sample of a run until the sample after its last one, or as long as a sample usually holds."""
        start, end = float(self.times_s[first]), float(self.times_s[last])
        following = float(self.times_s[last + 1]) if last + 1 < len(self.times_s) else self.duration_s
        # Blank frames were left out: the next kept sample may be far away.
        return Interval(start, max(min(following, end + self.hold_s), end + 1e-3))

    def blank_before(self, first: int) -> float:
        """Seconds before sample `first` that hold only blank frames."""
        start = float(self.times_s[first])
        return start - self.start_s if first == 0 else max(0.0, start - float(self.times_s[first - 1]) - self.hold_s)

    def blank_after(self, last: int) -> float:
        """Seconds after what sample `last` stands for that hold only blank frames."""
        end = float(self.times_s[last]) + self.hold_s
        return max(0.0, (float(self.times_s[last + 1]) if last + 1 < len(self.times_s) else self.duration_s) - end)

    def backwards(self) -> "Track":
        """As it is when it is played from its end."""
        return Track(np.maximum(self.duration_s - self.hold_s - self.times_s[::-1], 0.0), self.duration_s)

    @property
    def hold_s(self) -> float:
        """Seconds that one sample usually stands for."""
        if len(self.times_s) < 2:
            return max(self.duration_s, 1e-3)
        return float(np.median(np.diff(self.times_s))) * 1.01


@dataclass(frozen=True, slots=True)
class Stretch:
    """One aligned stretch: which sample pairs, and the line through them."""

    query: Interval
    reference: Interval
    pairs: NDArray[np.int64]
    """(m, 2): query and reference sample numbers on the line, rising."""
    similarities: NDArray[np.float32]
    """(m,): cosine similarity of each pair."""
    backwards: bool = False
    """Whether the query plays the reference from its end: then query sample numbers of `pairs` fall."""

    def later(self, samples: int) -> "Stretch":
        """The same, of a query that has so many samples before the part that was aligned."""
        return self if not samples else replace(self, pairs=self.pairs + np.array([samples, 0]))


def stretches(
    similarity: NDArray[np.float32],
    query: Track,
    reference: Track,
    same: float,
    telling: NDArray[np.float32] | None = None,
    *,
    at_most: int = 8,
) -> list[Stretch]:
    """Aligned stretches of `similarity` (query samples, reference samples), best first.

    `same` is the similarity from which two frames of a run count as the same, `telling` how much each query sample
    says, in [0, 1] (None: 1). A still picture on either side has one sample and takes the whole run that resembles it.
    """
    if similarity.shape != (len(query.times_s), len(reference.times_s)):
        raise ValueError(f"similarity {similarity.shape} does not fit the tracks")
    if similarity.size == 0:
        return []
    weights = np.clip((similarity - same) / (1 - same), _MISS, 1.0).astype(np.float32)
    if telling is not None:
        weights = np.where(weights > 0, weights * telling[:, None], weights).astype(np.float32)
    if similarity.shape[0] == 1 or similarity.shape[1] == 1:
        return _still(similarity, query, reference, same)
    found: list[Stretch] = []
    for _ in range(at_most):
        path = _best_path(weights)
        if path is None:
            break
        stretch = _fitted(path, similarity, query, reference, same)
        if stretch is None:
            weights[path[:, 0], path[:, 1]] = _MISS
        else:
            # A moment of the query is explained once, by its best stretch; the reference may be used again.
            weights[stretch.pairs[0, 0] : stretch.pairs[-1, 0] + 1] = _MISS
            found.append(stretch)
    return found


def stretches_backwards(
    similarity: NDArray[np.float32],
    query: Track,
    reference: Track,
    same: float,
    telling: NDArray[np.float32] | None = None,
) -> list[Stretch]:
    """The same for a query that plays the reference from its end to its start. A still picture has no direction."""
    if min(similarity.shape, default=0) < 2:
        return []
    turned = None if telling is None else telling[::-1]
    found = stretches(similarity[::-1], query.backwards(), reference, same, turned)
    last, whole_s = len(query.times_s) - 1, query.duration_s
    return [
        Stretch(
            Interval(max(0.0, whole_s - each.query.end), whole_s - each.query.start),
            each.reference,
            np.column_stack([last - each.pairs[:, 0], each.pairs[:, 1]]),
            each.similarities,
            backwards=True,
        )
        for each in found
    ]


def _best_path(weights: NDArray[np.float32]) -> NDArray[np.int64] | None:
    """The best local path as (m, 2) cells, or None where no cell is worth starting from."""
    rows, columns = weights.shape
    score = np.zeros((rows + 2, columns + 2), dtype=np.float32)
    moves = np.zeros((rows, columns), dtype=np.int8)
    every = np.arange(columns)
    nothing = np.full(columns, _MISS, dtype=np.float32)
    for i in range(rows):
        # Every query sample counts once: a (2,1) move takes along the one it steps over.
        stepped_over = weights[i - 1] if i else nothing
        before = np.stack((score[i + 1, 1:-1], score[i, 1:-1] + stepped_over - _BEND, score[i + 1, :-2] - _BEND))
        choice = before.argmax(axis=0)
        best = before[choice, every]
        total = weights[i] + np.maximum(best, 0)
        score[i + 2, 2:] = np.maximum(total, 0)
        moves[i] = np.where(total <= 0, -1, np.where(best > 0, choice + 1, 0))
    top = int(score.argmax())
    i, j = top // (columns + 2) - 2, top % (columns + 2) - 2
    if i < 0 or j < 0 or score[i + 2, j + 2] <= 0:
        return None
    path: list[tuple[int, int]] = []
    while i >= 0 and j >= 0 and moves[i, j] >= 0:
        path.append((i, j))
        if moves[i, j] == 0:
            break
        down, right = ((1, 1), (2, 1), (1, 2))[moves[i, j] - 1]
        i, j = i - down, j - right
    return np.array(path[::-1], dtype=np.int64)


def _fitted(
    path: NDArray[np.int64], similarity: NDArray[np.float32], query: Track, reference: Track, same: float
) -> Stretch | None:
    """The part of a path that lies on one line, or None where there is no believable line."""
    values = similarity[path[:, 0], path[:, 1]]
    good = values >= same
    if good.sum() < 2:
        return None
    q, r = query.times_s[path[:, 0]], reference.times_s[path[:, 1]]
    slope, offset = fit_line(q[good], r[good])
    near = np.abs(r - (slope * q + offset)) <= np.maximum(1.0, 0.05 * (q[-1] - q[0]))
    kept = np.flatnonzero(near & good)
    if len(kept) < 2 or not SLOWEST <= slope <= FASTEST:
        return None
    first, last = kept[0], kept[-1]
    inside = near[first : last + 1]
    pairs = path[first : last + 1][inside]
    first_query, first_reference = (int(n) for n in pairs[0])
    last_query, last_reference = (int(n) for n in pairs[-1])
    span = query.interval(first_query, last_query)
    # A fade from black belongs to the stretch where both sides are blank alike.
    before = min(query.blank_before(first_query), reference.blank_before(first_reference) / slope)
    after = min(query.blank_after(last_query), reference.blank_after(last_reference) / slope)
    span = Interval(span.start - before, span.end + after)
    mapped = _clipped(span, slope, offset, reference.duration_s)
    if mapped is None:
        return None
    return Stretch(mapped[0], mapped[1], pairs, similarity[pairs[:, 0], pairs[:, 1]])


def fit_line(query_s: NDArray[np.float64], reference_s: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of reference = slope * query + offset, by medians (Theil 1950, Sen 1968).

    Real time (slope 1) is kept wherever it explains the pairs about as well: a free slope over a few samples of slow
    pictures means nothing.
    """
    straight = float(np.median(reference_s - query_s))
    error_straight = float(np.median(np.abs(reference_s - query_s - straight)))
    spread = max(1, len(query_s) // 3)
    dq, dr = query_s[spread:] - query_s[:-spread], reference_s[spread:] - reference_s[:-spread]
    usable = dq > 1e-6
    if not usable.any():
        return 1.0, straight
    slope = float(np.median(dr[usable] / dq[usable]))
    offset = float(np.median(reference_s - slope * query_s))
    error = float(np.median(np.abs(reference_s - slope * query_s - offset)))
    drift = abs(slope - 1) * float(query_s[-1] - query_s[0])
    if drift < 0.75 or error_straight <= error + 0.05:
        return 1.0, straight
    return slope, offset


def _clipped(span: Interval, slope: float, offset: float, duration_s: float) -> tuple[Interval, Interval] | None:
    """`span` and its image on the reference, both cut to what the reference has."""
    start = max(span.start, -offset / slope)
    end = min(span.end, (duration_s - offset) / slope)
    if end - start < 1e-3:
        return None
    low, high = max(0.0, slope * start + offset), min(duration_s, slope * end + offset)
    return (Interval(start, end), Interval(low, high)) if high - low >= 1e-3 else None


def _still(similarity: NDArray[np.float32], query: Track, reference: Track, same: float) -> list[Stretch]:
    """The run around the best pair where one side has a single sample."""
    i, j = (int(n) for n in np.unravel_index(int(similarity.argmax()), similarity.shape))
    if similarity[i, j] < same:
        return []
    # A shot that moves past the picture resembles it less and less: only what comes near the best belongs to it.
    same = max(same, float(similarity[i, j]) - _NEAR_BEST)
    if similarity.shape[0] == 1:
        first, last = _run(similarity[0] >= same, j)
        pairs = np.array([(0, n) for n in range(first, last + 1)], dtype=np.int64)
    else:
        first, last = _run(similarity[:, 0] >= same, i)
        pairs = np.array([(n, 0) for n in range(first, last + 1)], dtype=np.int64)
    spans = (
        query.interval(int(pairs[0, 0]), int(pairs[-1, 0])),
        reference.interval(int(pairs[0, 1]), int(pairs[-1, 1])),
    )
    return [Stretch(spans[0], spans[1], pairs, similarity[pairs[:, 0], pairs[:, 1]])]


def _run(good: NDArray[np.bool_], at: int) -> tuple[int, int]:
    """First and last index of the unbroken run of True around `at`."""
    first = last = at
    while first > 0 and good[first - 1]:
        first -= 1
    while last + 1 < len(good) and good[last + 1]:
        last += 1
    return first, last
