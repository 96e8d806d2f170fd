"""Landmarks of two sounds to aligned stretches: groups vote for lines, and every landmark then testifies.

A line says where a second t and a bin b of the query lie in the reference: slope * t + offset, b + shift. A group of
the query and one of a reference with the same key agree on one line. Votes are counted in windows of the query, so
that a short quotation in a long film stands out as much as in a short one. A line with LEAST_VOTES is fitted and
drawn out as far as it carries, and judged by all landmarks near it, whether they were in a group or not: how many of
the query's lie on one of the reference's, against how many do so by chance, measured on the same pair with the
reference turned to other moments. The sum of the logarithms of these odds is the evidence (natural units); the
stretch of the query in which it is largest is the segment. Pure.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.audio import Landmarks
from tomeishi.values import Interval

WINDOW_S, STEP_S = 5.0, 2.5
LEAST_VOTES = 4
"""Different leading landmarks whose groups agree on a line."""
SLOWEST, FASTEST = 0.6, 1.67
DENSE_S = 5.0
"""A longer stretch is as sure as this much of it."""
LEAST_S = 1.0
"""A shorter stretch says nothing."""

_MOST_SHIFT = 28.0
"""Bins, 9 semitones: a little more than what the largest change of speed does."""
_CELL_S, _CELL_BINS, _CELL_SLOPE = 0.4, 2.0, 0.08
_LINES_A_WINDOW = 8
_VOTES_AT_ONCE = 1 << 17
"""Some 40 MB."""
_NEAR_S, _NEAR_BINS = 0.05, 0.8
_TRUE_SHARE = 0.35
"""Share of a query's landmarks that is expected on the line of a true copy; noise as loud as the music leaves 0.47."""
_LEAST_CHANCE = 0.04
_GOLDEN = 0.6180339887
_TURNS, _FEW_TURNS = 24, 6
_TURNED_AT_ONCE = 1 << 18
"""Landmarks; some 40 MB."""
_FIRST_LOOK = 6.0
"""Evidence without which a guessed line is not followed."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where the query lies in the reference."""

    slope: float
    offset: float
    """Seconds."""
    shift: float
    """Bins by which the reference is higher."""

    def at(self, query_s: float) -> float:
        return self.slope * query_s + self.offset


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """n pairs of a query's group and a reference's group of equal key."""

    item: NDArray[np.int64]
    """Which reference."""
    leader: NDArray[np.int64]
    """The query's landmark that leads the group."""
    query_s: NDArray[np.float64]
    reference_s: NDArray[np.float64]
    slope: NDArray[np.float64]
    shift: NDArray[np.float64]

    def where(self, kept: NDArray[Any]) -> "Votes":
        return Votes(*(getattr(self, name)[kept] for name in self.__slots__))

    @classmethod
    def together(cls, parts: Sequence["Votes"]) -> "Votes":
        none = (np.zeros(0, np.int64), np.zeros(0, np.int64), *(np.zeros(0, np.float64) for _ in range(4)))
        return cls(
            *(
                np.concatenate([empty, *(getattr(part, name) for part in parts)])
                for name, empty in zip(cls.__slots__, none, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class Guess:
    """A line that groups voted for, in the window around `centre_s`."""

    item: int
    votes: int
    centre_s: float
    line: Line


@dataclass(frozen=True, slots=True)
class Heard:
    """One aligned stretch."""

    query: Interval
    reference: Interval
    line: Line
    evidence: float
    """Natural logarithm of how much likelier these landmarks are for a copy than by chance."""
    votes: int = 0
    """Leading landmarks whose groups agree on the line."""

    @property
    def telling(self) -> tuple[float, float]:
        """Evidence and votes of DENSE_S of it: what is long and faint is two pieces of one rhythm and key, no copy."""
        share = min(1.0, DENSE_S / self.query.length)
        return self.evidence * share, self.votes * share


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What is known of one item."""

    marks: Landmarks
    duration_s: float


def heard(
    query: Landmarks, votes: Votes, items: int, reference_of: Callable[[int], Reference]
) -> dict[int, list[Heard]]:
    """Aligned stretches of each of `items` that has any, surest first; each explains a moment of the query once."""
    believed = (votes.slope >= SLOWEST) & (votes.slope <= FASTEST) & (np.abs(votes.shift) <= _MOST_SHIFT)
    votes = votes.where(believed)
    found: dict[int, list[Heard]] = {}
    opened: dict[int, Reference] = {}
    for guess in guesses(votes, items):
        known = found.setdefault(guess.item, [])
        if any(each.query.start <= guess.centre_s < each.query.end for each in known):
            continue
        if guess.item not in opened:
            opened[guess.item] = reference_of(guess.item)
        stretch = drawn_out(query, opened[guess.item], guess)
        if stretch is not None:
            known.append(replace(stretch, votes=_agreeing(votes, guess.item, stretch)))
    return {item: kept for item, each in found.items() if (kept := _apart(each))}


def _agreeing(votes: Votes, item: int, stretch: Heard) -> int:
    """How many leading landmarks of a stretch have a group that agrees on its line."""
    line = stretch.line
    good = (votes.item == item) & (votes.query_s >= stretch.query.start) & (votes.query_s < stretch.query.end)
    good &= np.abs(votes.query_s * line.slope + line.offset - votes.reference_s) < 3 * _NEAR_S
    good &= np.abs(votes.shift - line.shift) < 2 * _NEAR_BINS
    good &= np.abs(np.log(votes.slope / line.slope)) < _CELL_SLOPE
    return len(np.unique(votes.leader[good]))


def guesses(votes: Votes, items: int) -> list[Guess]:
    """Lines worth looking at, those with most votes first."""
    if not len(votes.item):
        return []
    window = np.floor(votes.query_s / STEP_S).astype(np.int64)
    order = np.argsort(window, kind="stable")
    window = window[order]
    found: list[list[Guess]] = [[] for _ in range(8)]
    # Windows overlap by half: each vote counts in two. So many of them at once as memory shall bear.
    start, end = int(window[0]) - 1, int(window[-1]) + 1
    while start < end:
        low = int(np.searchsorted(window, start))
        beyond = low + _VOTES_AT_ONCE
        stop = max(start + 1, int(window[beyond])) if beyond < len(window) else end
        high = int(np.searchsorted(window, stop, "right"))
        number = np.concatenate([window[low:high], window[low:high] - 1])
        kept = (number >= start) & (number < stop)
        some = votes.where(np.tile(order[low:high], 2)[kept])
        for into, each in zip(found, _in_windows(some, number[kept], items), strict=True):
            into += each
        start = stop
    return sorted(chain.from_iterable(found), key=lambda guess: -guess.votes)


def _in_windows(votes: Votes, number: NDArray[np.int64], items: int) -> Iterator[list[Guess]]:
    """For each way of laying the cells, the lines of votes by the window that they count in."""
    centre_s = np.asarray((number + 1) * STEP_S, np.float64)
    there_s = votes.reference_s + votes.slope * (centre_s - votes.query_s)
    owner = (number + 1) * items + votes.item
    for half in np.ndindex(2, 2, 2):
        cells = np.stack(
            [
                np.floor(there_s / _CELL_S + half[0] / 2),
                np.floor(votes.shift / _CELL_BINS + half[1] / 2),
                np.floor(np.log(votes.slope) / _CELL_SLOPE + half[2] / 2),
            ]
        ).astype(np.int64)
        # Bounded: slopes and shifts are believed only so far, and times are under 2^32 cells.
        packed = (owner << 44) + ((cells[0] & 0xFFFFFFFF) << 12) + ((cells[1] + 32) << 6) + (cells[2] + 32)
        yield _fullest(packed, votes, number, centre_s, there_s)


def _fullest(
    packed: NDArray[np.int64],
    votes: Votes,
    number: NDArray[np.int64],
    centre_s: NDArray[np.float64],
    there_s: NDArray[np.float64],
) -> list[Guess]:
    """The cells of each window with most leaders, as lines."""
    order = np.lexsort((votes.leader, packed))
    cell, leader = packed[order], votes.leader[order]
    new_cell = np.append(True, cell[1:] != cell[:-1])
    new_leader = new_cell | np.append(True, leader[1:] != leader[:-1])
    starts = np.flatnonzero(new_cell)
    leaders = np.add.reduceat(new_leader.astype(np.int64), starts)
    ends = np.append(starts[1:], len(cell))
    full = np.flatnonzero(leaders >= LEAST_VOTES)
    found: list[Guess] = []
    taken: dict[int, int] = {}
    for k in full[np.argsort(-leaders[full], kind="stable")]:
        members = order[starts[k] : ends[k]]
        window = int(number[members[0]])
        taken[window] = taken.get(window, 0) + 1
        if taken[window] > _LINES_A_WINDOW:
            continue
        slope = float(np.median(votes.slope[members]))
        centre = float(centre_s[members[0]])
        line = Line(slope, float(np.median(there_s[members])) - slope * centre, float(np.median(votes.shift[members])))
        found.append(Guess(int(votes.item[members[0]]), int(leaders[k]), centre, line))
    return found


def drawn_out(query: Landmarks, reference: Reference, guess: Guess) -> Heard | None:
    """The stretch along a guessed line, or None where the landmarks do not bear it out."""
    line, half_s = guess.line, WINDOW_S / 2
    first_s, last_s = float(query.times_s[0]), float(query.times_s[-1])
    for tolerance_s in (0.16, 0.1, 0.06):
        line = _fitted(query, reference.marks, line, guess.centre_s, half_s, tolerance_s)
    reached = _best(query, reference, line, guess.centre_s, half_s, _FEW_TURNS)
    while reached is not None and reached.evidence >= _FIRST_LOOK:
        # Drawn out only where the copy reaches near the edge of what was looked at.
        low, high = max(guess.centre_s - half_s, first_s), min(guess.centre_s + half_s, last_s)
        goes_on = reached.query.start < low + 0.5 * half_s and low > first_s
        goes_on |= reached.query.end > high - 0.5 * half_s and high < last_s
        if not goes_on:
            return _best(query, reference, line, guess.centre_s, half_s, _TURNS)
        half_s *= 2
        line = _fitted(query, reference.marks, line, guess.centre_s, half_s, 0.06)
        reached = _best(query, reference, line, guess.centre_s, half_s, _FEW_TURNS)
    return None


def _nearest(
    query: Landmarks, reference: Landmarks, line: Line, tolerance_s: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of landmarks, by number, that the line brings together; each of the query's at most once."""
    mapped = query.times_s * line.slope + line.offset
    low = np.searchsorted(reference.times_s, mapped - tolerance_s)
    high = np.searchsorted(reference.times_s, mapped + tolerance_s, "right")
    counts = high - low
    mine = np.repeat(np.arange(len(query)), counts)
    theirs = np.arange(len(mine)) - np.repeat(np.cumsum(counts) - counts, counts) + low[mine]
    apart = np.abs(query.bins[mine] + line.shift - reference.bins[theirs])
    good = apart <= _NEAR_BINS
    mine, theirs = mine[good], theirs[good]
    away = np.abs(mapped[mine] - reference.times_s[theirs])
    order = np.lexsort((away, mine))
    mine, theirs = mine[order], theirs[order]
    once = np.append(True, mine[1:] != mine[:-1]) if len(mine) else np.zeros(0, bool)
    return mine[once], theirs[once]


def _fitted(
    query: Landmarks, reference: Landmarks, line: Line, centre_s: float, half_s: float, tolerance_s: float
) -> Line:
    """The line through the landmarks that it brings together, by least squares; as it was where they are too few."""
    part = query.where(np.abs(query.times_s - centre_s) <= half_s)
    mine, theirs = _nearest(part, reference, line, tolerance_s)
    if len(mine) < 6:
        return line
    t, r = part.times_s[mine], reference.times_s[theirs]
    middle = t.mean()
    spread = float(((t - middle) ** 2).sum())
    if spread < 1e-3:
        return line
    slope = float(((t - middle) * (r - r.mean())).sum() / spread)
    # A fit over few landmarks may not run away from the groups' own measure.
    slope = float(np.clip(slope, line.slope * 0.97, line.slope * 1.03))
    shift = float(np.median(reference.bins[theirs] - part.bins[mine]))
    return Line(slope, float(r.mean() - slope * middle), shift)


def _best(
    query: Landmarks, reference: Reference, line: Line, centre_s: float, half_s: float, turns: int
) -> Heard | None:
    """The stretch with most evidence among the landmarks within `half_s` of the centre."""
    mapped = query.times_s * line.slope + line.offset
    inside = (np.abs(query.times_s - centre_s) <= half_s) & (mapped >= 0) & (mapped <= reference.duration_s)
    part = query.where(inside)
    if len(part) < 2:
        return None
    mine, _ = _nearest(part, reference.marks, line, _NEAR_S)
    on_line = np.zeros(len(part), bool)
    on_line[mine] = True
    chance = _by_chance(part, reference, line, turns)
    expected = max(_TRUE_SHARE, 2 * chance)
    if expected >= 0.95:
        return None
    gains = np.where(on_line, np.log(expected / chance), np.log((1 - expected) / (1 - chance)))
    sums = np.append(0.0, np.cumsum(gains))
    lowest = np.minimum.accumulate(sums)
    last = int(np.argmax(sums - lowest))
    evidence = float(sums[last] - lowest[last])
    if evidence <= 0:
        return None
    first = int(np.flatnonzero(sums[: last + 1] == lowest[last])[-1])
    start_s, end_s = float(part.times_s[first]), float(part.times_s[last - 1])
    if end_s - start_s < LEAST_S:
        return None
    low, high = max(0.0, line.at(start_s)), min(reference.duration_s, line.at(end_s))
    if high - low < LEAST_S * SLOWEST:
        return None
    return Heard(Interval(start_s, end_s), Interval(low, high), line, evidence)


def _by_chance(part: Landmarks, reference: Reference, line: Line, turns: int) -> float:
    """Share of the query's landmarks that lie on one of the reference's when the reference is turned elsewhere."""
    whole_s = reference.duration_s
    by = np.mod(np.arange(1, turns + 1) * _GOLDEN, 1.0) * whole_s
    by = by[np.minimum(by, whole_s - by) >= 1.0]
    if not len(by):
        return _LEAST_CHANCE
    met = 0
    for some in np.array_split(by, -(-len(by) * len(part) // _TURNED_AT_ONCE)):
        turned = np.mod(part.times_s * line.slope + line.offset + some[:, None], whole_s).reshape(-1)
        order = np.argsort(turned, kind="stable")
        number = order % len(part)
        moved = Landmarks(turned[order], part.bins[number], part.strength[number])
        met += len(_nearest(moved, reference.marks, Line(1.0, 0.0, line.shift), _NEAR_S)[0])
    return max(_LEAST_CHANCE, met / (len(by) * len(part)))


def _apart(found: Sequence[Heard]) -> list[Heard]:
    """Those that explain a moment of the query that none surer did, surest first."""
    kept: list[Heard] = []
    for each in sorted(found, key=lambda heard: -heard.evidence):
        shared = sum(each.query.overlap(other.query) for other in kept)
        if shared < 0.5 * each.query.length:
            kept.append(each)
    return kept
